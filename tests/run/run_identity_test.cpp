#include "engine/run/run_identity.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/core/content_hash.h"
#include "engine/core/error.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

RunIdentity small_run() {
  return {.data = "/data",
          .options = "[train]\n",
          .classes = {"blues", "jazz"},
          .files = {{"blues/1.wav", "blues", "train", "aa", 1}, {"jazz/1.wav", "jazz", "valid", "bb", 2}}};
}

TEST(RunIdentity, ComesBackFromItsFile) {
  const ScratchFolder scratch;
  std::string odd;
  for (int byte = 1; byte < 256; ++byte) odd += static_cast<char>(byte);
  RunIdentity run = small_run();
  run.data = odd, run.options = "a = \"" + odd + "\"";
  run.classes = {"", odd};
  run.files = {{odd, "", "train", "", 0}, {"x,\"y\r\n", odd, "test", "cc", 12}};
  for (int i = 0; i < 6000; ++i) run.files.push_back({fmt::format("z/{:05}", i), odd, "valid", "dd", 1});  // beyond 64 KiB
  Hdf5File::create(scratch.path() / "x.h5", [&](Hdf5File& file) { write_identity(file, run); });
  const auto read = read_identity(Hdf5File(scratch.path() / "x.h5"));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->data, run.data);
  EXPECT_EQ(read->options, run.options);
  EXPECT_EQ(read->classes, run.classes);
  ASSERT_EQ(read->files.size(), run.files.size());
  EXPECT_EQ(difference(run, *read), "");
  EXPECT_EQ(read->files[1].clips, 12);
  EXPECT_FALSE(read->valid_is_drawn);
  for (const bool is_drawn : {false, true}) {
    run.valid_is_drawn = is_drawn;
    Hdf5File::create(scratch.path() / "x.h5", [&](Hdf5File& file) { write_identity(file, run); });
    EXPECT_EQ(read_identity(Hdf5File(scratch.path() / "x.h5"))->valid_is_drawn, is_drawn);
  }
}

TEST(RunIdentity, IsNotInOlderFiles) {
  const ScratchFolder scratch;
  Hdf5File::create(scratch.path() / "x.h5", [&](Hdf5File& file) { file.set_attribute("/", "format", "cudenza"); });
  EXPECT_FALSE(read_identity(Hdf5File(scratch.path() / "x.h5")));
}

TEST(RunIdentity, NamesWhatDiffers) {
  const RunIdentity run = small_run();
  const auto changed = [&](auto change) {
    RunIdentity now = run;
    change(now);
    return difference(run, now);
  };
  EXPECT_EQ(changed([](RunIdentity&) {}), "");
  EXPECT_EQ(changed([](RunIdentity& r) { r.data = "/moved", r.options = "other"; }), "");
  EXPECT_EQ(changed([](RunIdentity& r) { r.classes[1] = "jaz"; }), "the class 'jazz' is now 'jaz'");
  EXPECT_EQ(changed([](RunIdentity& r) { r.classes.pop_back(); }), "the class 'jazz' is gone");
  EXPECT_EQ(changed([](RunIdentity& r) { r.classes.push_back("pop"); }), "the class 'pop' is new");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files.pop_back(); }), "jazz/1.wav is gone");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files.erase(r.files.begin()); }), "blues/1.wav is gone");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files.push_back({"jazz/2.wav", "jazz", "train", "cc"}); }), "jazz/2.wav is new");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files[0].content = "ab"; }), "blues/1.wav does not hold what it held");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files[0].content = ""; }), "blues/1.wav cannot be read now");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files[0].label = "jazz"; }), "blues/1.wav was 'blues' and is now 'jazz'");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files[1].part = "train"; }), "jazz/1.wav was in 'valid' and is now in 'train'");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files[1].clips = -1; }), "");
  EXPECT_EQ(changed([](RunIdentity& r) { r.files[1].clips = 3; }), "jazz/1.wav gave 2 clips and gives 3 now");
  EXPECT_EQ(changed([](RunIdentity& r) { std::swap(r.files[0].content, r.files[1].content); }),
            "blues/1.wav does not hold what it held (the first of 2 differences)");
}

TEST(RunIdentity, HashesContentsAndPassesOverWhatIsNone) {
  const ScratchFolder scratch;
  std::ofstream(scratch.path() / "a") << "one";
  fs::create_directory(scratch.path() / "folder");
  const std::vector<fs::path> paths{scratch.path() / "a", scratch.path() / "nothing", scratch.path() / "folder"};
  const std::string one = hash_of(std::as_bytes(std::span("one", 3))).text();
  EXPECT_EQ(contents_of(paths, 3), (std::vector<std::string>{one, "", ""}));
}

}  // namespace
}  // namespace cudenza::testing
