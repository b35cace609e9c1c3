#include "engine/io/own_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/core/error.h"
#include "engine/io/hdf5_file.h"
#include "engine/io/png.h"
#include "tests/data/files.h"
#include "tests/support/content_of.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

bool is_table(const fs::path& path) { return beginning_of(path, 2) == "a,"; }

/// What is said of this path as --out; "nothing" if it may be written.
std::string refusal(const fs::path& path, const std::vector<fs::path>& inputs = {}) {
  return error_of<UsageError>([&] { check_output_file("--out", path, is_table, inputs); });
}

TEST(OwnFiles, FreePlacesAndOwnFilesMayBeWritten) {
  const ScratchFolder folder;
  EXPECT_EQ(refusal(folder / "new.csv"), "nothing");
  EXPECT_EQ(refusal(folder / "deep/er/new.csv"), "nothing");
  write_file(folder / "old.csv", "a,b\n");
  EXPECT_EQ(refusal(folder / "old.csv"), "nothing");
}

TEST(OwnFiles, OthersFilesMayNot) {
  const ScratchFolder folder;
  write_file(folder / "letter.txt", "dear");
  write_file(folder / "empty.csv");
  write_file(folder / "old.csv", "a,b\n");
  fs::create_symlink("old.csv", folder / "link.csv");
  fs::create_symlink("gone", folder / "dangling.csv");
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  for (const char* name : {"letter.txt", "empty.csv", "fifo"})
    EXPECT_TRUE(has(refusal(folder / name), "is no file that this command writes; choose another --out"))
        << refusal(folder / name);
  for (const char* name : {"link.csv", "dangling.csv"}) EXPECT_TRUE(has(refusal(folder / name), "is a link")) << name;
  EXPECT_TRUE(has(refusal(folder.path()), "is a folder"));
  EXPECT_TRUE(has(refusal(folder.path() / ""), "names no file"));
  EXPECT_TRUE(has(refusal("/dev/null"), "is no file that this command writes"));
}

TEST(OwnFiles, AnInputStaysUnderEveryName) {
  const ScratchFolder folder;
  write_file(folder / "in.csv", "a,b\n");
  write_file(folder / "sub/x");
  fs::create_hard_link(folder / "in.csv", folder / "hard.csv");
  fs::create_symlink("in.csv", folder / "soft.csv");
  const std::vector<fs::path> inputs = {folder / "soft.csv"};  // the input may be a link, too
  for (const char* name : {"in.csv", "hard.csv", "soft.csv", "sub/../in.csv", "./in.csv"})
    EXPECT_TRUE(has(refusal(folder / name, inputs), "is the input")) << name;
  EXPECT_EQ(refusal(folder / "other.csv", inputs), "nothing");
}

TEST(OwnFiles, AFolderThatCannotBeIsKnownBefore) {
  const ScratchFolder folder;
  write_file(folder / "file");
  const auto error = error_of<DataError>([&] { check_output_file("--out", folder / "file/x/y.csv", is_table); });
  EXPECT_TRUE(has(error, "is no folder")) << error;
  EXPECT_TRUE(has(error_of<UsageError>([&] { check_output_folder("--out", folder / "file"); }), "is no folder"));
  EXPECT_EQ(error_of<UsageError>([&] { check_output_folder("--out", folder / "new/er"); }), "nothing");
}

TEST(OwnFiles, ARunLiesOutsideItsData) {
  const ScratchFolder folder;
  write_file(folder / "data/rock/a.wav");
  write_file(folder / "music/jazz/b.wav");
  write_file(folder / "list.csv", "path,label\n");
  fs::create_directory_symlink("../music/jazz", folder / "data/jazz");
  fs::create_directory_symlink("data", folder / "alias");
  const auto said = [&](const fs::path& out, const fs::path& data) {
    return error_of<UsageError>([&] { check_outside("--out", out, data); });
  };
  for (const char* out :
       {"data", "data/run", "data/rock/run", "alias/run", "music/jazz/run", "x/../data/run", "data/.hidden/run"})
    EXPECT_TRUE(has(said(folder / out, folder / "data"), "lies in the data set")) << out;
  EXPECT_TRUE(has(said(folder / "data/run", folder / "alias"), "lies in the data set"));
  EXPECT_TRUE(has(said(folder.path(), folder / "data"), "holds the data set"));
  for (const char* out : {"run", "data2/run", "datarun", "music/run"})
    EXPECT_EQ(said(folder / out, folder / "data"), "nothing") << out;
  EXPECT_EQ(said(folder / "run", folder / "list.csv"), "nothing");
}

TEST(OwnFiles, KindsAreKnownByTheirContent) {
  const ScratchFolder folder;
  Hdf5File::create(folder / "ours.h5", [](Hdf5File& file) { file.set_attribute("/", "format", std::string("ours")); });
  Hdf5File::create(folder / "other.h5", [](Hdf5File& file) { file.set_attribute("/", "layers", std::string("3")); });
  write_file(folder / "no.h5", "\x89HDF\r\n\x1a\nnot really");
  EXPECT_TRUE(is_hdf5_of(folder / "ours.h5", "ours"));
  for (const char* name : {"other.h5", "no.h5", "gone.h5"}) EXPECT_FALSE(is_hdf5_of(folder / name, "ours")) << name;
}

TEST(OwnFiles, APngCarriesItsMakersNameAndIsStillAPng) {
  const ScratchFolder folder;
  const Pixels pixels{.height = 1, .width = 2, .channels = 3, .values = {1, 2, 3, 4, 5, 6}};
  const std::string png = encode_png(pixels);
  write_file(folder / "plain.png", png);
  write_file(folder / "marked.png", with_mark(png));
  EXPECT_TRUE(is_marked_png(folder / "marked.png"));
  EXPECT_FALSE(is_marked_png(folder / "plain.png"));
  EXPECT_FALSE(is_marked_png(folder / "gone.png"));
  EXPECT_EQ(read_png(folder / "marked.png").values, pixels.values);  // a wrong CRC would be refused
  EXPECT_THROW(with_mark("no PNG"), UsageError);
}

}  // namespace
}  // namespace cudenza::testing
