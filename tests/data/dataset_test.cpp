#include "engine/data/dataset.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/core/error.h"
#include "tests/data/files.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

Words paths_of(const Dataset& data) {
  Words paths;
  for (const Item& item : data.items) paths.push_back(item.path);
  return paths;
}

std::string all_remarks(const Dataset& data) {
  std::string text;
  for (const std::string& remark : data.remarks) text += remark + '\n';
  return text;
}

std::string message(const fs::path& data) {
  return error_of<DataError>([&] { open_dataset(data); });
}

TEST(Dataset, FolderOfClasses) {
  const ScratchFolder folder;
  for (const char* name : {"rock/b.WAV", "rock/a.flac", "blues/deep/er/c.mp3", "blues/x.y.ogg", "blues/z.au"})
    write_file(folder / name);
  const Dataset data = open_dataset(folder.path());
  EXPECT_EQ(data.media, Media::sound);
  EXPECT_EQ(data.classes, (Words{"blues", "rock"}));
  EXPECT_EQ(paths_of(data), (Words{"blues/deep/er/c.mp3", "blues/x.y.ogg", "blues/z.au", "rock/a.flac", "rock/b.WAV"}));
  EXPECT_EQ(data.class_of(data.items[0]), "blues");
  EXPECT_EQ(data.class_of(data.items[4]), "rock");
  EXPECT_EQ(data.path_of(data.items[4]), folder / "rock/b.WAV");
  EXPECT_TRUE(data.remarks.empty()) << all_remarks(data);
}

TEST(Dataset, WhatIsPassedOverIsSaidOnce) {
  const ScratchFolder folder;
  for (const char* name : {"a/1.png", "b/2.PNG", "a/.hidden.png", ".git/3.png", "a/Thumbs.db", "notes.txt", "4.png"})
    write_file(folder / name);
  fs::create_directories(folder / "empty");
  fs::create_directories(folder / "a/x.png");
  fs::create_symlink("nowhere.png", folder / "b/broken.png");
  fs::create_directory_symlink("..", folder / "b/back");
  ASSERT_EQ(mkfifo((folder / "b/pipe.png").c_str(), 0600), 0);
  const Dataset data = open_dataset(folder.path());
  EXPECT_EQ(data.media, Media::pictures);
  EXPECT_EQ(data.classes, (Words{"a", "b"}));
  EXPECT_EQ(paths_of(data), (Words{"a/1.png", "b/2.PNG", "b/broken.png"}));
  EXPECT_EQ(all_remarks(data),
            "3 other files are passed over (as b/pipe.png)\n"
            "1 file outside class folders is passed over (as 4.png)\n"
            "1 link to folders that are read already is passed over (as b/back)\n"
            "empty: no sounds or pictures in it: not a class\n"
            "a/x.png: a folder, though it is named as a file\n");
}

TEST(Dataset, LinkedFoldersAreFollowed) {
  const ScratchFolder folder;
  write_file(folder / "store/one/1.wav");
  fs::create_directories(folder / "data");
  fs::create_directory_symlink(folder / "store/one", folder / "data/blues");
  EXPECT_EQ(paths_of(open_dataset(folder / "data")), (Words{"blues/1.wav"}));
}

TEST(Dataset, FoldersOfASplitAreItsParts) {
  const ScratchFolder folder;
  for (const char* name : {"Train/rock/1.wav", "Train/jazz/1.wav", "val/rock/deep/1.wav", "val/4.wav", "test/blues/1.wav",
                           "extra/rock/1.wav", "2.wav"})
    write_file(folder / name);
  fs::create_directories(folder / "test/jazz");
  const Dataset data = open_dataset(folder.path());
  EXPECT_EQ(data.classes, (Words{"blues", "jazz", "rock"}));
  EXPECT_EQ(paths_of(data), (Words{"Train/jazz/1.wav", "Train/rock/1.wav", "test/blues/1.wav", "val/rock/deep/1.wav"}));
  EXPECT_TRUE(data.has_split);
  EXPECT_EQ(data.items[0].split + ' ' + data.items[1].split + ' ' + data.items[2].split + ' ' + data.items[3].split,
            "train train test valid");
  EXPECT_EQ(data.class_of(data.items[3]), "rock");
  EXPECT_EQ(all_remarks(data),
            "Train, test, val are taken for the parts of a split, and the folders in them for classes\n"
            "2 files outside class folders are passed over (as val/4.wav)\n"
            "1 file beside the parts of the split is passed over (as extra/rock/1.wav)\n"
            "test/jazz: no sounds or pictures in it: not a class\n");
}

TEST(Dataset, ClassesThatAreCalledAsPartsAreClasses) {
  const ScratchFolder folder;
  for (const char* name : {"train/1.wav", "test/1.wav", "plane/1.wav"}) write_file(folder / name);
  const Dataset data = open_dataset(folder.path());
  EXPECT_EQ(data.classes, (Words{"plane", "test", "train"}));
  EXPECT_FALSE(data.has_split);
}

TEST(Dataset, LabelsThatAreAlikeAreNamed) {
  const ScratchFolder folder;
  for (const char* name : {"Hip Hop/1.wav", "hip  hop/1.wav", "hip\xC2\xA0hop /1.wav", "hiphop/1.wav", "rock/1.wav"})
    write_file(folder / name);
  const Dataset data = open_dataset(folder.path());
  EXPECT_EQ(data.classes.size(), 5u);
  EXPECT_EQ(
      all_remarks(data),
      "the classes 'Hip Hop', 'hip  hop', 'hip\xC2\xA0hop ' differ only by blanks or capitals and are kept apart; give them one "
      "name if they are one class\n");
}

TEST(Dataset, AFolderTooHighIsRemarkedOn) {
  const ScratchFolder folder;
  write_file(folder / "genres/blues/1.wav");
  write_file(folder / "genres/rock/2.wav");
  EXPECT_TRUE(has(all_remarks(open_dataset(folder.path())), "did you mean " + (folder / "genres").string() + "?"));
}

TEST(Dataset, FoldersThatAreNoneAreRefused) {
  const ScratchFolder folder;
  EXPECT_TRUE(has(message(folder / "none"), "there is no such folder or file; give a folder with one sub-folder a class"));
  EXPECT_TRUE(has(message(folder.path()), "holds no wav, au, flac, ogg, mp3 or png files"));
  write_file(folder / "a.wav");
  EXPECT_TRUE(has(message(folder / "a.wav"), "neither a folder nor a CSV"));
  EXPECT_TRUE(has(message(folder.path()), "holds 1 sounds or pictures (as a.wav), but no class folders"));
  write_file(folder / "blues/a.wav");
  write_file(folder / "rock/b.png");
  EXPECT_TRUE(has(message(folder.path()), "holds sounds (blues/a.wav) and pictures (rock/b.png)"));
}

TEST(Dataset, CsvOfFiles) {
  const ScratchFolder folder;
  write_file(folder / "clips/b.wav");
  const fs::path elsewhere = folder / "else where/c,d.flac";
  write_file(folder / "lists/all.csv", "\xEF\xBB\xBFLabel,Path,artist,Split\r\nrock,../clips/b.wav,x,validation\r\n\"r, b\",\"" +
                                           elsewhere.string() + "\",y,\r\nrock,./a.wav,,Train\r\n");
  const Dataset data = open_dataset(folder / "lists/all.csv");
  EXPECT_EQ(data.media, Media::sound);
  EXPECT_TRUE(data.has_split);
  EXPECT_EQ(data.classes, (Words{"r, b", "rock"}));
  EXPECT_EQ(paths_of(data), (Words{"../clips/b.wav", elsewhere.string(), "a.wav"}));
  EXPECT_TRUE(fs::exists(data.path_of(data.items[0])));
  EXPECT_EQ(data.path_of(data.items[1]), elsewhere);
  EXPECT_EQ(data.items[0].split + '|' + data.items[1].split + '|' + data.items[2].split, "valid||train");
  EXPECT_EQ(data.class_of(data.items[1]), "r, b");
}

TEST(Dataset, CsvOfTracks) {
  const ScratchFolder folder;
  write_file(folder / "a.wav");
  write_file(folder / "x.csv", "path, label ,track\ra.wav,x,song 1\rb.wav,x,\r");
  const Dataset data = open_dataset(folder / "x.csv");
  EXPECT_EQ(data.items[0].track, "song 1");
  EXPECT_EQ(data.items[1].track, "");
  EXPECT_FALSE(data.has_split);
}

TEST(Dataset, CsvMistakesAreNamedWithLineAndRemedy) {
  const ScratchFolder folder;
  write_file(folder / "a.wav");
  const auto after = [&](const std::string& text) {
    write_file(folder / "x.csv", text);
    return message(folder / "x.csv");
  };
  EXPECT_TRUE(
      has(after("file,genre\na.wav,x\n"), "x.csv:1: the first line is 'file,genre', but must name the columns: path,label"));
  EXPECT_TRUE(has(after("path,label\n"), "has no items"));
  EXPECT_TRUE(has(after("path,label\na.wav\n"), "x.csv:2: 1 fields, but the first line has 2"));
  EXPECT_TRUE(has(after("path,label\na.wav,x\n,x\n"), "x.csv:3: the path is empty"));
  EXPECT_TRUE(has(after("path,label\na.wav,\n"), "x.csv:2: 'a.wav' has no label"));
  EXPECT_TRUE(has(after("path,label\na.wav, \n"), "x.csv:2: 'a.wav' has no label"));
  EXPECT_TRUE(has(after("path,label\na.txt,x\n"), "x.csv:2: 'a.txt' is neither a sound"));
  EXPECT_TRUE(has(after("path,label,split\na.wav,x,dev\n"), "x.csv:2: split 'dev' is none; write train, valid, test"));
  EXPECT_TRUE(has(after("path,label\na.wav,x\nb.wav,x\n./a.wav,y\n"), "names a file twice (line 2, a.wav; line 4, ./a.wav)"));
  EXPECT_TRUE(has(after("path,label\na.wav,x\nb.png,x\n"), "sounds (line 2, a.wav) and pictures (line 3, b.png)"));
  EXPECT_TRUE(has(after("path,label\nq.wav,x\n"), "none of its 1 files is there"));
  EXPECT_EQ(after("path,label\na.wav,x\nq.wav,x\n"), "nothing");
}

}  // namespace
}  // namespace cudenza::testing
