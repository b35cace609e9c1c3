#include "engine/io/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "engine/core/error.h"
#include "tests/support/content_of.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/messages.h"
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

TEST(AtomicFile, SaysWhyTheDiskTookNoMore) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "c.txt";
  write_atomically(path, "old");
  std::string message;
  {
    const FileSizeLimit full(1000);
    message = message_of<DataError>([&] { write_atomically(path, std::string(5000, 'x')); });
  }
  EXPECT_EQ(message, path.string() + ": cannot be written: File too large");
  EXPECT_EQ(content_of(path), "old");
  EXPECT_EQ(files_in(scratch.path()), 1u);
}

TEST(AtomicFile, TakesThePlaceOfNothingButFiles) {
  const ScratchFolder scratch;
  const fs::path pipe = scratch.path() / "pipe", folder = scratch.path() / "folder";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  fs::create_directory(folder);
  for (const fs::path& path : {pipe, folder})
    expect_says(message_of<DataError>([&] { write_atomically(path, "x"); }), "is not a file");
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(files_in(scratch.path()), 2u);
}

/// A dead process may have had our number, and left a link where we write.
TEST(AtomicFile, WritesThroughNoLink) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "c.txt", other = scratch.path() / "other";
  write_atomically(other, "mine");
  fs::create_symlink(other, scratch.path() / fmt::format(".c.txt.{}.part", getpid()));
  write_atomically(path, "new");
  EXPECT_EQ(content_of(path), "new");
  EXPECT_FALSE(fs::is_symlink(path));
  EXPECT_EQ(content_of(other), "mine");
  EXPECT_EQ(files_in(scratch.path()), 2u);
}

TEST(AtomicFile, PartsOfTheDeadAreRemoved) {
  const ScratchFolder scratch;
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);  // from here on nobody has its number
  const auto part = [&](const std::string& name) { return scratch.path() / name; };
  const fs::path dead = part(fmt::format(".best.h5.{}.part", child)), ours = part(fmt::format(".a.{}.part", getpid()));
  const std::vector<fs::path> kept{part(fmt::format(".last.h5.{}.part", getppid())),
                                   part("best.h5"),
                                   part(".x.part"),
                                   part("..7.part"),
                                   part(fmt::format("b.{}.part", child)),
                                   part(fmt::format(".b.{}x.part", child))};
  for (const fs::path& path : kept) std::ofstream(path) << "x";
  std::ofstream(dead) << "x";
  std::ofstream(ours) << "x";
  const fs::path folder = part(fmt::format(".folder.{}.part", child));
  fs::create_directory(folder);
  remove_parts_of_dead_writers(scratch.path());
  remove_parts_of_dead_writers(scratch.path() / "nowhere");
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_FALSE(fs::exists(ours));
  for (const fs::path& path : kept) EXPECT_TRUE(fs::exists(path)) << path;
  EXPECT_TRUE(fs::exists(folder));
}

}  // namespace
}  // namespace cudenza::testing
