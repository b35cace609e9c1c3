#include "engine/io/atomic_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/core/error.h"
#include "tests/support/content_of.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

size_t files_in(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, WritesIntoNewFoldersAndOverOldFiles) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "a/b/c.txt";
  write_atomically(path, "one");
  EXPECT_EQ(content_of(path), "one");
  write_atomically(path, "two");
  EXPECT_EQ(content_of(path), "two");
  EXPECT_EQ(files_in(path.parent_path()), 1u);
}

TEST(AtomicFile, KeepsTheOldFileWhenWritingFails) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "c.txt";
  write_atomically(path, "old");
  const auto half = [](const fs::path& beside) {
    std::ofstream(beside) << "half";
    throw DataError("the disk is full");
  };
  EXPECT_THROW(write_atomically(path, half), DataError);
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(files_in(scratch.path()), 1u);
}

TEST(AtomicFile, NamesTheFileThatCannotBeWritten) {
  const ScratchFolder scratch;
  write_atomically(scratch.path() / "file", "");
  try {
    write_atomically(scratch.path() / "file/below", "x");
    FAIL() << "a file is no folder";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("file"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace cudenza::testing
