/// What befalls files on disks that fill, fail and rot: nothing may be written or read wrongly without a word.
#include <gtest/gtest.h>
#include <hdf5.h>

#include <fstream>

#include "engine/nn/checkpoint.h"
#include "tests/support/content_of.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

Tensor counted(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return Tensor::from(values, {count});
}

/// A little of everything that a run's files hold.
void fill(Hdf5File& file) {
  write_info(file, {.arch = "small", .classes = {"blues", "jazz"}});
  file.write("fc.weight", counted(2000));
  file.write("fc.bias", counted(10));
  file.set_attribute("model", "temperature", 1.5);
  file.reserve("train/moments", {300}, DType::f32);
  file.write_rows("train/moments", 0, counted(200));
}

void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

class Hdf5Damage : public ::testing::Test {
 protected:
  const ScratchFolder scratch_;
  const fs::path path_ = scratch_.path() / "t.h5";
};

/// Wherever the disk is full, be it in the last bytes that only closing writes: the old file stays, and so does the library.
TEST_F(Hdf5Damage, FullDiskLeavesTheOldFile) {
  Hdf5File::create(path_, fill);
  const std::string old = content_of(path_);
  for (size_t limit = 0; limit < old.size(); limit += old.size() / 97) {
    std::string message;
    {
      const FileSizeLimit full(limit);
      message = message_of<DataError>([&] { Hdf5File::create(path_, fill); });
    }
    EXPECT_EQ(message, path_.string() + ": cannot be written: File too large") << "at byte " << limit;
    EXPECT_EQ(content_of(path_), old);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_.path()), {}), 1);
  Hdf5File::create(path_, fill);
  EXPECT_EQ(content_of(path_), old);
}

/// One flipped bit: in any byte of the checksum's line, in some of what it guards.
TEST_F(Hdf5Damage, FlippedBitsAreRefused) {
  Hdf5File::create(path_, fill);
  const std::string whole = content_of(path_);
  EXPECT_EQ(read_info(Hdf5File(path_)).arch, "small");
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  const auto set = [&](size_t at, char byte) { file.seekp(static_cast<std::streamoff>(at)).put(byte).flush(); };
  for (size_t at = 0; at < whole.size(); at += at < 100 ? 1 : 31) {
    set(at, static_cast<char>(whole[at] ^ (1 << at % 8)));
    EXPECT_THROW(Hdf5File{path_}, DataError) << "byte " << at;
    set(at, whole[at]);
  }
  EXPECT_EQ(read_info(Hdf5File(path_)).arch, "small");
}

TEST_F(Hdf5Damage, CutOffAndLengthenedFilesAreRefused) {
  Hdf5File::create(path_, fill);
  const std::string whole = content_of(path_);
  for (size_t size = 0; size < whole.size(); size += 397) {
    put(path_, whole.substr(0, size));
    EXPECT_THROW(Hdf5File{path_}, DataError) << size << " bytes";
  }
  put(path_, whole + '\0');
  expect_says(message_of<DataError>([&] { Hdf5File{path_}; }), "t.h5: is damaged or cut off");
}

/// Other programs' files have no checksum; a new file of ours that has lost it is not believed.
TEST_F(Hdf5Damage, ChecksumMayBeLackingInOtherFilesAlone) {
  const auto without_checksum = [&] { put(path_, content_of(path_).substr(512)); };
  Hdf5File::create(path_, [](Hdf5File& file) { file.write("x", counted(5)); });
  without_checksum();
  EXPECT_EQ(Hdf5File(path_).read("x").to_vector<float>(), counted(5).to_vector<float>());
  Hdf5File::create(path_, fill);
  without_checksum();
  expect_says(message_of<DataError>([&] { Hdf5File{path_}; }), "lacks the checksum");
}

/// They had classes in an attribute, and no checksum.
TEST_F(Hdf5Damage, FilesOfTheFirstVersionAreRead) {
  const std::vector<std::string> classes{"blues", "jazz"};
  Hdf5File::create(path_, [&](Hdf5File& file) {
    for (const char* name : {"arch", "source", "source_sha256", "interpolation"}) file.set_attribute("/", name, std::string("x"));
    for (const char* name : {"mean", "std"}) file.set_attribute("/", name, std::vector<double>{0.5});
    file.set_attribute("/", "format", std::string("cudenza"));
    file.set_attribute("/", "format_version", 1);
    file.set_attribute("/", "input_size", 224);
    file.set_attribute("/", "classes", classes);
  });
  put(path_, content_of(path_).substr(512));
  EXPECT_EQ(read_info(Hdf5File(path_)).classes, classes);
}

/// Neither names(), contains() nor an attribute's object leads into another file.
TEST_F(Hdf5Damage, LinksAreNotFollowed) {
  const fs::path secret = scratch_.path() / "secret.h5";
  Hdf5File::create(secret, fill);
  const hid_t file = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  H5Gclose(H5Gcreate2(file, "own", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Lcreate_external(secret.c_str(), "/", file, "outside", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/outside/fc.weight", file, "own/soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/own", file, "twin", H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(H5Fclose(file), 0);
  const Hdf5File read(path_);
  EXPECT_TRUE(read.names().empty());
  for (const char* name : {"outside", "outside/fc.weight", "own/soft", "twin"}) {
    EXPECT_FALSE(read.contains(name)) << name;
    EXPECT_FALSE(read.has_texts(name)) << name;
    EXPECT_THROW(read.read(name), DataError) << name;
    EXPECT_THROW(read.attribute(name, "arch"), DataError) << name;
    EXPECT_THROW(read.attribute_names(name), DataError) << name;
  }
  EXPECT_FALSE(read.has_attribute("outside", "arch"));
}

/// Numbers that lie in another file, named by this one.
TEST_F(Hdf5Damage, ExternalStorageIsNotFollowed) {
  put(scratch_.path() / "secret", std::string(8, 'x'));
  const hid_t file = H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), options = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t extent = 8;
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  H5Pset_external(options, (scratch_.path() / "secret").c_str(), 0, extent);
  H5Dclose(H5Dcreate2(file, "x", H5T_STD_U8LE, space, H5P_DEFAULT, options, H5P_DEFAULT));
  H5Sclose(space);
  H5Pclose(options);
  ASSERT_GE(H5Fclose(file), 0);
  const Hdf5File read(path_);
  expect_says(message_of<DataError>([&] { read.read("x"); }), "keeps its numbers in another file");
  expect_says(message_of<DataError>([&] { read.extent("x"); }), "keeps its numbers in another file");
}

}  // namespace
}  // namespace cudenza::testing
