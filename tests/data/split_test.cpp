#include "engine/data/split.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "tests/data/files.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Indices = std::vector<int>;

Dataset gtzan(int classes, int clips, int excerpts = 1) {
  std::vector<std::string> names, paths;
  for (int c = 0; c < classes; ++c) {
    names.push_back(std::string(1, static_cast<char>('a' + c)));
    for (int i = 0; i < clips; ++i) {
      for (int e = 0; e < excerpts; ++e) paths.push_back(fmt::format("{0}/{0}.{1:05}_{2}.wav", names.back(), i, e));
    }
  }
  return dataset_of(names, paths);
}

TEST(Split, ExcerptsAreOfOneTrack) {
  Dataset data = dataset_of(
      {"blues", "rock"}, {"blues/blues.00012.wav", "blues/blues.00012_3.flac", "blues/blues.00012-02.png", "blues/blues00012.png",
                          "blues/blues.00012.7.wav", "rock/blues.00012.wav", "blues/blues.000123.wav", "blues/song.wav",
                          "blues/song.flac", "blues/more/song.wav", "blues/00012.wav"});
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(track_of(data.items[i]), "blues/blues.00012") << data.items[i].path;
  std::set<std::string> tracks;
  for (const Item& item : data.items) tracks.insert(track_of(item));
  EXPECT_EQ(tracks.size(), 6u) << "another class, six digits, a song in two formats, its namesake in another folder, digits";
  data.items[0].track = "blues/song";  // a CSV knows better
  EXPECT_EQ(track_of(data.items[0]), track_of(data.items[7]));
}

TEST(Split, TheSameNameInTwoFoldersIsTwoTracks) {
  Dataset data =
      dataset_of({"rock"}, {"rock/A/track00001.wav", "rock/B/track00001.wav", "rock/A/track01.wav", "rock/B/track01.wav"});
  const char* sides[] = {"train", "valid", "valid", "train"};
  data.has_split = true;
  for (size_t i = 0; i < 4; ++i) data.items[i].split = sides[i];
  EXPECT_EQ(column_split(data).train, (Indices{0, 3}));
  const ScratchFolder folder;
  write_file(folder / "train.txt", "rock/A/track00001.wav\nrock/B/track01.wav\n");
  write_file(folder / "valid.txt", "rock/B/track00001.wav\nrock/A/track01.wav\n");
  const Split split = list_split(data, folder.path());
  EXPECT_EQ(split.train, (Indices{0, 3}));
  EXPECT_EQ(split.valid, (Indices{1, 2}));
  data.items[3].track = data.items[2].track = "a live recording";
  EXPECT_TRUE(has(error_of<DataError>([&] { column_split(data); }), "are of one track"));
}

/// Each item on one side.
void expect_partition(const Split& split, size_t items) {
  std::set<int> all;
  for (const Indices* side : {&split.train, &split.valid, &split.test}) {
    EXPECT_TRUE(std::ranges::is_sorted(*side));
    all.insert(side->begin(), side->end());
  }
  EXPECT_EQ(all.size(), items);
  EXPECT_EQ(split.train.size() + split.valid.size() + split.test.size(), items);
}

TEST(Split, RandomTakesTheStudysNumbers) {
  Dataset data = gtzan(10, 100);
  data.items.erase(data.items.begin() + 554);  // jazz.00054
  const Split split = random_split(data, 0.2, 42);
  expect_partition(split, 999);
  EXPECT_EQ(split.valid.size(), 199u);
  EXPECT_EQ(split.train.size(), 800u);
}

TEST(Split, KnowsWhetherItsValidationWasDrawn) {
  Dataset data;
  data.classes = {"x"};
  data.has_split = true;
  for (int i = 0; i < 10; ++i) data.items.push_back({fmt::format("x/{}.wav", i), 0, i < 8 ? "train" : "test"});
  EXPECT_TRUE(random_split(data, 0.2, 1).valid_is_drawn);
  EXPECT_TRUE(make_split(data, parse_split("column"), 1).valid_is_drawn);  // a fifth of what trains
  data.items[0].split = "valid";
  EXPECT_FALSE(make_split(data, parse_split("column"), 1).valid_is_drawn);
}

TEST(Split, RandomDependsOnTheSeedAlone) {
  const Dataset data = gtzan(10, 100);
  const Split a = random_split(data, 0.2, 42), b = random_split(data, 0.2, 42), c = random_split(data, 0.2, 43);
  EXPECT_EQ(a.valid, b.valid);
  EXPECT_NE(a.valid, c.valid);
  // About 40 of 200 are in both if the seeds have nothing to do with each other; five deviations are 27.
  Indices both;
  std::ranges::set_intersection(a.valid, c.valid, std::back_inserter(both));
  EXPECT_NEAR(static_cast<double>(both.size()), 40, 27);
}

TEST(Split, EveryTrackValidatesUnderSomeSeed) {
  const Dataset data = gtzan(2, 10);
  std::vector<int> count(data.items.size());
  for (uint64_t seed = 0; seed < 400; ++seed) {
    for (const int i : random_split(data, 0.2, seed).valid) ++count[static_cast<size_t>(i)];
  }
  for (const int times : count) EXPECT_NEAR(times, 80, 40);  // five deviations of a binomial of 400 draws at 0.2
}

TEST(Split, TracksStayWhole) {
  const Dataset data = gtzan(3, 15, 4);
  for (const bool stratified : {false, true}) {
    const Split split = random_split(data, 0.2, 7, stratified);
    expect_partition(split, data.items.size());
    EXPECT_EQ(split.valid.size(), 36u);  // of 9 of 45 tracks
    std::set<std::string> train, valid, both;
    for (const int i : split.train) train.insert(track_of(data.items[static_cast<size_t>(i)]));
    for (const int i : split.valid) valid.insert(track_of(data.items[static_cast<size_t>(i)]));
    std::ranges::set_intersection(train, valid, std::inserter(both, both.end()));
    EXPECT_TRUE(both.empty());
    EXPECT_EQ(valid.size(), 9u);
  }
}

TEST(Split, StratifiedGivesEachClassItsShare) {
  Dataset data = gtzan(4, 13);
  data.items.resize(13 * 3 + 7);
  const Split split = random_split(data, 0.2, 3, true);
  EXPECT_EQ(split.valid.size(), 9u);  // int(0.2 * 46): 2, 2, 2 and 1, and the largest remainders are 0.6
  std::map<int, int> of_class;
  for (const int i : split.valid) ++of_class[data.items[static_cast<size_t>(i)].label];
  EXPECT_EQ(of_class, (std::map<int, int>{{0, 3}, {1, 3}, {2, 2}, {3, 1}}));
}

TEST(Split, FractionsThatLeaveNothingAreRefused) {
  EXPECT_TRUE(
      has(error_of<UsageError>([] { random_split(gtzan(1, 4), 0.2, 1); }), "0.2 of 4 tracks leaves validation without any"));
}

TEST(Split, NamesOfSplits) {
  EXPECT_EQ(parse_split("random:0.25").fraction, 0.25);
  EXPECT_EQ(parse_split("stratified:0.1").kind, SplitKind::stratified);
  EXPECT_EQ(parse_split("random").fraction, 0.2);
  EXPECT_EQ(parse_split("column").kind, SplitKind::column);
  for (const char* name : {"random:0.2", "stratified:0.1", "column", "auto"}) EXPECT_EQ(name_of(parse_split(name)), name);
  for (const char* name : {"", "randm:0.2", "random:", "random:1", "random:0", "random:-0.1", "random:0.2x", "random:nan"})
    EXPECT_TRUE(has(error_of<UsageError>([&] { parse_split(name); }), "choose random:F")) << name;
}

TEST(Split, ListsOfOtherExtensions) {
  const ScratchFolder folder;
  const Dataset data =
      dataset_of({"blues", "rock"}, {"blues/blues.00001.flac", "blues/blues.00002_0.flac", "blues/blues.00002_1.flac",
                                     "blues/blues.00003.flac", "rock/deep/rock.00001.png", "rock/song.ogg", "rock/song2.ogg"});
  write_file(folder / "train_filtered.txt", "\xEF\xBB\xBF# of a study\r\nblues/blues.00001.wav\r\n\r\n./rock/song.wav\n");
  write_file(folder / "valid_filtered.txt", "blues/blues.00002.wav\nblues/blues.00099.wav\n");
  write_file(folder / "test_filtered.txt", "rock.00001.wav\n");
  write_file(folder / "notes.txt", "blues/blues.00003.wav\n");
  const Split split = list_split(data, folder.path());
  EXPECT_EQ(split.train, (Indices{0, 5}));
  EXPECT_EQ(split.valid, (Indices{1, 2}));
  EXPECT_EQ(split.test, (Indices{4}));
  ASSERT_EQ(split.remarks.size(), 2u);
  EXPECT_TRUE(has(split.remarks[0], "1 of 5 lines name no file")) << split.remarks[0];
  EXPECT_TRUE(has(split.remarks[0], "valid_filtered.txt:2: blues/blues.00099.wav")) << split.remarks[0];
  EXPECT_TRUE(has(split.remarks[1], "2 of 7 files are in no list and left out (as blues/blues.00003.flac)")) << split.remarks[1];
}

TEST(Split, ListsNameFilesAsTheyAreCalled) {
  const ScratchFolder folder;
  const std::vector<std::string> names = {"#1 hits/#1.wav",    "x/ both .wav", "x/a.wav",
                                          "x/in C# minor.wav", "x/v 1.2.wav",  "x/\xFF\x01.wav"};
  const Dataset data = dataset_of({"#1 hits", "x"}, names);
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string list = "# every one" + end + "#x/a.wav" + end + "  # y" + end;
    for (const std::string& name : names) list += (name == names[2] ? "  " + name + "\t" : name) + end;
    write_file(folder / "train.txt", list);
    const Split split = list_split(data, folder.path());
    EXPECT_EQ(split.train, (Indices{0, 1, 2, 3, 4, 5}));
    EXPECT_TRUE(split.remarks.empty()) << split.remarks[0];
  }
  write_file(folder / "train.txt", "x/v 1.2\nx/in C\n");
  EXPECT_EQ(list_split(data, folder.path()).train, (Indices{4})) << "a name without its extension, and one that was cut";
}

TEST(Split, ListsThatCannotBeReadToTheirEndAreRefused) {
  const ScratchFolder folder;
  const Dataset data = gtzan(1, 3);
  write_file(folder / "train.txt", "a/a.00001_0.wav\n");
  const auto message = [&] { return error_of<DataError>([&] { list_split(data, folder.path()); }); };
  fs::create_symlink("/proc/self/mem", folder / "valid.txt");  // opens, but cannot be read
  EXPECT_TRUE(has(message(), "valid.txt: cannot be read: Input/output error"));
  fs::remove(folder / "valid.txt");
  ASSERT_EQ(mkfifo((folder / "valid.txt").c_str(), 0600), 0);
  EXPECT_TRUE(has(message(), "valid.txt: is a pipe, not a file"));
  fs::remove(folder / "valid.txt");
  fs::create_directory(folder / "valid.txt");
  EXPECT_TRUE(has(message(), "valid.txt: is a folder, not a file"));
}

TEST(Split, ADataSetsOwnSplitIsTakenUnlessAnotherIsAskedFor) {
  Dataset data = gtzan(2, 10);
  EXPECT_EQ(resolved(parse_split("auto"), data).kind, SplitKind::random);
  data.has_split = true;
  EXPECT_EQ(resolved(parse_split("auto"), data).kind, SplitKind::random) << "a column that is empty throughout";
  for (size_t i = 0; i < 20; ++i) data.items[i].split = i % 10 == 0 ? "test" : "train";
  EXPECT_EQ(resolved(parse_split("auto"), data).kind, SplitKind::column);
  EXPECT_EQ(resolved(parse_split("stratified:0.5"), data).kind, SplitKind::stratified);
  const Split split = make_split(data, parse_split("auto"), 42);
  expect_partition(split, 20);
  EXPECT_EQ(split.test, (Indices{0, 10}));
  EXPECT_EQ(split.valid.size(), 3u) << "int(0.2 * 18): nothing else was kept to validate on";
  ASSERT_EQ(split.remarks.size(), 1u);
  EXPECT_TRUE(has(split.remarks[0], "a fifth of the tracks"));
}

TEST(Split, ListsThatCannotServeAreRefused) {
  const ScratchFolder folder;
  const Dataset data = gtzan(2, 3, 2);
  const auto message = [&] { return error_of<DataError>([&] { list_split(data, folder.path()); }); };
  EXPECT_TRUE(has(message(), "no lists; name them train*.txt"));
  write_file(folder / "train.txt", "x/y.wav\n");
  EXPECT_TRUE(has(message(), "none of the 1 lines names a file of the data set"));
  write_file(folder / "train.txt", "a/a.00001_0.wav\n");
  write_file(folder / "valid.txt", "\na/a.00001_1.wav\n");
  EXPECT_TRUE(has(message(), "valid.txt:2: 'a/a.00001_1.wav' is also in the train list (")) << message();
  EXPECT_TRUE(has(error_of<DataError>([&] { list_split(data, folder / "none"); }), "none: the folder of lists cannot be read"));
}

TEST(Split, ColumnOfACsv) {
  Dataset data = gtzan(2, 3);
  EXPECT_TRUE(has(error_of<UsageError>([&] { column_split(data); }), "no split of its own"));
  data.has_split = true;
  EXPECT_TRUE(has(error_of<DataError>([&] { column_split(data); }), "empty throughout"));
  const char* sides[] = {"train", "valid", "test", "", "train", "train"};
  for (size_t i = 0; i < 6; ++i) data.items[i].split = sides[i];
  const Split split = make_split(data, parse_split("column"), 1);
  EXPECT_EQ(split.train, (Indices{0, 4, 5}));
  EXPECT_EQ(split.valid, (Indices{1}));
  EXPECT_EQ(split.test, (Indices{2}));
  ASSERT_EQ(split.remarks.size(), 1u);
  EXPECT_TRUE(has(split.remarks[0], "1 of 6 files have no split"));
  data.items[1].path = "a/a.00000_7.wav";
  EXPECT_TRUE(has(error_of<DataError>([&] { column_split(data); }), "of one track"));
}

TEST(Split, FaultFilteredListsOfTheRealData) {
  const fs::path real = shared_data();
  if (real.empty()) GTEST_SKIP() << "needs ../shared/data beside the sources";
  const Dataset excerpts = open_dataset(real / "gtzan-excerpts"), pictures = open_dataset(real / "gtzan-pictures");
  const Split of_excerpts = list_split(excerpts, real / "splits"), of_pictures = list_split(pictures, real / "splits");
  EXPECT_EQ(of_excerpts.train.size(), 230u);
  EXPECT_EQ(of_excerpts.valid.size(), 93u);
  EXPECT_EQ(of_pictures.train.size() + of_pictures.valid.size(), 639u);
  EXPECT_EQ(pictures.classes.size(), 10u);
}

}  // namespace
}  // namespace cudenza::testing
