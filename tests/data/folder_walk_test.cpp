#include "engine/data/folder_walk.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <random>
#include <set>

#include "engine/core/error.h"
#include "tests/data/files.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

TEST(FolderWalk, FilesAreFoundSortedAndHiddenOnesPassedOver) {
  const ScratchFolder folder;
  for (const char* name : {"b/2", "b/1", "a b", "a/x", ".hidden", ".git/config", "b/.z", "b/c/d/e"}) write_file(folder / name);
  const FolderFiles all = walk_folder(folder.path());
  EXPECT_EQ(all.files, (Words{"a b", "a/x", "b/1", "b/2", "b/c/d/e"}));
  EXPECT_EQ(all.folders, (Words{"a", "b", "b/c", "b/c/d"}));
  EXPECT_TRUE(all.others.empty() && all.again.empty() && all.unread.empty());
}

TEST(FolderWalk, CirclesOfLinksEnd) {
  const ScratchFolder folder, elsewhere;
  write_file(folder / "z/1");
  write_file(elsewhere / "deep/2");
  fs::create_directory_symlink("..", folder / "z/up");
  fs::create_directory_symlink(".", folder / "self");
  fs::create_directory_symlink("z", folder / "a");  // before z by its name, but z keeps its file
  fs::create_directory_symlink(elsewhere.path(), folder / "out");
  fs::create_directory_symlink(elsewhere / "deep", folder / "out2");
  fs::create_directory_symlink(folder.path(), elsewhere / "deep/back");
  const FolderFiles all = walk_folder(folder.path());
  EXPECT_EQ(all.files, (Words{"out/deep/2", "z/1"}));
  EXPECT_EQ(all.again, (Words{"a", "out/deep/back", "out2", "self", "z/up"}));
}

TEST(FolderWalk, LinksToFilesAreFilesWhereverTheyLead) {
  const ScratchFolder folder;
  write_file(folder / "a");
  fs::create_symlink("a", folder / "b");
  fs::create_symlink("nowhere", folder / "c");
  fs::create_symlink("d", folder / "d");  // to itself
  EXPECT_EQ(walk_folder(folder.path()).files, (Words{"a", "b", "c", "d"}));
}

TEST(FolderWalk, WhatMustNotBeOpenedIsNoFile) {
  const ScratchFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe.wav").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", folder / "device.wav");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (folder / "socket.wav").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  EXPECT_EQ(bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const FolderFiles all = walk_folder(folder.path());
  close(socket);
  EXPECT_TRUE(all.files.empty());
  EXPECT_EQ(all.others, (Words{"device.wav", "pipe.wav", "socket.wav"}));
}

TEST(FolderWalk, WhatCannotBeReadIsNamedAndTheRestIsFound) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const ScratchFolder folder;
  write_file(folder / "a/1");
  write_file(folder / "b/2");
  fs::permissions(folder / "a", fs::perms::none);
  const FolderFiles all = walk_folder(folder.path());
  const std::string message = error_of<DataError>([&] { walk_folder(folder / "a"); });
  fs::permissions(folder / "a", fs::perms::owner_all);
  EXPECT_EQ(all.files, (Words{"b/2"}));
  ASSERT_EQ(all.unread.size(), 1u);
  EXPECT_EQ(all.unread[0].path + ": " + all.unread[0].reason, "a: Permission denied");
  EXPECT_TRUE(has(message, "a: the folder cannot be read: Permission denied")) << message;
}

TEST(FolderWalk, RootsThatAreNoFoldersAreRefused) {
  const ScratchFolder folder;
  write_file(folder / "a");
  EXPECT_TRUE(has(error_of<DataError>([&] { walk_folder(folder / "none"); }), "none: the folder cannot be read: No such file"));
  EXPECT_TRUE(has(error_of<DataError>([&] { walk_folder(folder / "a"); }), "a: the folder cannot be read: Not a directory"));
}

/// `depth` folders of this name, each in the one before, and a file in the last: made from within, as a path may be too long.
void nest(const fs::path& folder, const std::string& name, int depth) {
  const fs::path before = fs::current_path();
  fs::current_path(folder);
  for (int i = 0; i < depth; ++i) {
    fs::create_directory(name);
    fs::current_path(name);
  }
  write_file("./file");
  fs::current_path(before);
}

TEST(FolderWalk, NestingHasNoDepthThatEndsIt) {
  const ScratchFolder folder;
  nest(folder.path(), "d", 500);
  nest(folder.path(), std::string(200, 'e'), 25);
  const FolderFiles all = walk_folder(folder.path());
  ASSERT_EQ(all.files.size(), 1u);
  EXPECT_EQ(all.files[0].size(), 2 * 500 + 4u);
  ASSERT_EQ(all.unread.size(), 1u) << "what lies deeper than a path can name";
  EXPECT_EQ(all.unread[0].reason, "File name too long");
  EXPECT_EQ(all.folders.size(), 500 + all.unread[0].path.size() / 201);
}

TEST(FolderWalk, NamesOfAnyBytesAreFound) {
  const ScratchFolder folder;
  std::mt19937 random(7);
  std::set<std::string> made;
  for (int i = 1; i < 256; ++i) {
    std::string path;
    for (int part = static_cast<int>(random() % 3); part >= 0; --part) {
      std::string name(1 + random() % 20, ' ');
      for (char& c : name) c = static_cast<char>(1 + random() % 255);
      name.back() = static_cast<char>(i);  // every byte at least once
      for (char& c : name) c = c == '/' ? '\\' : c;
      if (name[0] == '.') name[0] = '!';
      path += (path.empty() ? "d" : "/d") + name;
    }
    write_file(folder / path, "x");
    made.insert(path);
  }
  const FolderFiles all = walk_folder(folder.path());
  EXPECT_EQ(std::set<std::string>(all.files.begin(), all.files.end()), made);
  EXPECT_EQ(all.files.size(), made.size());
}

}  // namespace
}  // namespace cudenza::testing
