#include "engine/audio/pcm_cache.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "engine/audio/clips.h"
#include "engine/audio/decode.h"
#include "engine/core/content_hash.h"
#include "tests/support/same_sound.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class PcmCacheTest : public ::testing::Test {
 protected:
  ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path() / "cache";

  /// A wav of a sine, last changed an hour ago.
  fs::path sound(const std::string& name, double hz = 440) const {
    const fs::path path = scratch_.path() / name;
    write_wav(path, 22050, sine(hz, 22050, 1));
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
    return path;
  }
  std::vector<fs::path> entries() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "pcm")) {
      if (entry.is_regular_file()) all.push_back(entry.path());
    }
    return all;
  }
};

TEST_F(PcmCacheTest, TheSecondLoadDoesNotDecode) {
  const fs::path path = sound("a.wav");
  const auto expected = hear(path, 44100);
  for (int process = 0; process < 2; ++process) {
    PcmCache cache(folder_);
    for (int load = 0; load < 2; ++load) EXPECT_EQ(cache.load(path, 44100), expected);
    const auto counts = cache.counts();
    EXPECT_EQ(counts.decoded, process == 0 ? 1 : 0);
    EXPECT_EQ(counts.hashed, process == 0 ? 1 : 0);
    EXPECT_EQ(counts.hits, process == 0 ? 1 : 2);
    EXPECT_EQ(cache.write_error(), "");
  }
}

TEST_F(PcmCacheTest, RatesAndContentsAreKeptApart) {
  PcmCache cache(folder_);
  const fs::path path = sound("a.wav");
  EXPECT_EQ(cache.load(path, 44100).pcm.numel(), 44100);
  EXPECT_EQ(cache.load(path, 16000).pcm.numel(), 16000);
  sound("a.wav", 880);
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  EXPECT_EQ(cache.load(path, 16000), hear(path, 16000));
  EXPECT_EQ(cache.counts().decoded, 3);
}

TEST_F(PcmCacheTest, AFileOfJustNowIsHashedAgain) {  // its time cannot tell one change from the next
  PcmCache cache(folder_);
  const fs::path path = scratch_.path() / "a.wav";
  for (const double hz : {440.0, 880.0}) {
    write_wav(path, 22050, sine(hz, 22050, 1));
    EXPECT_EQ(cache.load(path, 22050), hear(path, 22050));
  }
  EXPECT_EQ(cache.counts().hashed, 2);
}

TEST_F(PcmCacheTest, MovedAndCopiedFilesAreKnown) {
  PcmCache cache(folder_);
  cache.load(sound("a.wav"), 44100);
  fs::copy_file(scratch_.path() / "a.wav", scratch_.path() / "b.wav");
  cache.load(scratch_.path() / "b.wav", 44100);
  EXPECT_EQ(cache.counts().decoded, 1);
  EXPECT_EQ(cache.counts().hits, 1);
}

TEST_F(PcmCacheTest, DamagedEntriesAreMadeAnew) {
  PcmCache cache(folder_);
  const fs::path path = sound("a.wav");
  const auto expected = cache.load(path, 44100);
  ASSERT_EQ(entries().size(), 1u);
  const fs::path entry = entries().front();
  const auto damage = [&](int kind) {
    if (kind == 0) fs::resize_file(entry, fs::file_size(entry) / 2);
    if (kind == 1) fs::resize_file(entry, 3);
    if (kind == 2) std::fstream(entry, std::ios::in | std::ios::out | std::ios::binary).seekp(1000).write("x", 1);
    if (kind == 3) fs::resize_file(entry, fs::file_size(entry) + 2);
  };
  for (int kind = 0; kind < 4; ++kind) {
    damage(kind);
    EXPECT_EQ(cache.load(path, 44100), expected) << kind;
    EXPECT_EQ(cache.counts().damaged, kind + 1);
    EXPECT_EQ(cache.load(path, 44100), expected) << kind;
    EXPECT_EQ(cache.counts().damaged, kind + 1);  // it has been made anew
  }
}

/// Format 2 had no size of a sample in its header, and only i16 behind it.
TEST_F(PcmCacheTest, AnEntryOfAnOlderFormatIsMadeAnew) {
  struct Header {
    char magic[8] = {'C', 'U', 'D', 'Z', 'P', 'C', 'M', '2'};
    int64_t rate = 44100, samples = 0;
    ContentHash checksum;
  } header;
  PcmCache cache(folder_);
  const fs::path path = sound("a.wav");
  const auto expected = cache.load(path, header.rate);
  const std::vector<int16_t> rounded(static_cast<size_t>(expected.pcm.numel()), 1);
  header.samples = std::ssize(rounded);
  header.checksum = hash_of(std::as_bytes(std::span(rounded)));
  ASSERT_EQ(entries().size(), 1u);
  std::ofstream entry(entries().front(), std::ios::binary);
  entry.write(reinterpret_cast<const char*>(&header), sizeof header);
  entry.write(reinterpret_cast<const char*>(rounded.data()), static_cast<std::streamsize>(2 * rounded.size()));
  entry.close();
  for (int load = 0; load < 2; ++load) EXPECT_EQ(cache.load(path, header.rate), expected);
  EXPECT_EQ(cache.counts().damaged, 1);
  EXPECT_EQ(cache.counts().hits, 1);
}

TEST_F(PcmCacheTest, WhatDeservesAWarningIsKeptToo) {
  const fs::path path = scratch_.path() / "a.wav";
  std::vector<float> opposite;
  for (const float x : sine(440, 22050, 1, 20)) opposite.insert(opposite.end(), {x, -x});
  write_sound(path, sound::kWav | sound::kFloat, 22050, 2, opposite);
  const HeardSound expected = hear(path, 22050);
  EXPECT_EQ(expected.remarks.size(), 2u);  // the channels cancel out, and are far beyond full scale
  PcmCache cache(folder_);
  for (int load = 0; load < 2; ++load) EXPECT_EQ(cache.load(path, 22050), expected);
  EXPECT_EQ(cache.counts().hits, 1);
  for (int load = 0; load < 2; ++load) {
    const Clip clip = load_clips(std::vector{path}, 22050, {.cache = &cache}).at(0);
    ASSERT_EQ(clip.remarks.size(), 2u);
    EXPECT_EQ(clip.remarks[0], path.string() + ": " + expected.remarks[0]);
  }
}

TEST_F(PcmCacheTest, ManyAtOnce) {
  std::vector<fs::path> paths;
  for (int i = 0; i < 6; ++i) paths.push_back(sound(fmt::format("{}.wav", i % 3), 300 + 100 * (i % 3)));
  PcmCache first(folder_), second(folder_);  // as two processes would
  std::vector<std::jthread> threads;
  for (PcmCache* cache : {&first, &second, &first, &second}) {
    threads.emplace_back([&, cache] {
      for (const fs::path& path : paths) EXPECT_EQ(cache->load(path, 44100), hear(path, 44100));
    });
  }
  threads.clear();
  EXPECT_EQ(entries().size(), 3u);
  EXPECT_EQ(first.counts().damaged + second.counts().damaged, 0);
}

TEST_F(PcmCacheTest, AFolderThatCannotBeWrittenIsNoError) {
  const fs::path path = sound("a.wav");
  std::ofstream(folder_) << "a file where the folder should be";
  PcmCache cache(folder_);
  EXPECT_EQ(cache.load(path, 44100).pcm.numel(), 44100);
  EXPECT_NE(cache.write_error(), "");
}

TEST_F(PcmCacheTest, BadFilesAreErrorsEveryTime) {
  PcmCache cache(folder_);
  const fs::path path = scratch_.path() / "a.wav";
  std::ofstream(path) << "words";
  for (int i = 0; i < 2; ++i) EXPECT_THROW(cache.load(path, 44100), DataError);
  EXPECT_THROW(cache.load(scratch_.path() / "none", 44100), DataError);
  EXPECT_THROW(cache.load(scratch_.path(), 44100), DataError);
}

TEST(PcmCacheFolder, IsWhereTheUserSays) {
  const auto with = [](const char* own, const char* shared, const char* home) {
    setenv("CUDENZA_CACHE", own, 1);
    setenv("XDG_CACHE_HOME", shared, 1);
    setenv("HOME", home, 1);
    return PcmCache::default_folder();
  };
  const char* home = std::getenv("HOME");
  const std::string before = home ? home : "";
  EXPECT_EQ(with("/own", "/xdg", "/home/me"), "/own");
  EXPECT_EQ(with("", "/xdg", "/home/me"), "/xdg/cudenza");
  EXPECT_EQ(with("", "", "/home/me"), "/home/me/.cache/cudenza");
  setenv("HOME", before.c_str(), 1);
  unsetenv("XDG_CACHE_HOME");
  unsetenv("CUDENZA_CACHE");
}

TEST_F(PcmCacheTest, ClipsComeInOrderAndBadOnesWithTheReason) {
  std::vector<fs::path> paths;
  for (int i = 0; i < 20; ++i) paths.push_back(sound(fmt::format("{:02}.wav", i), 200 + 10 * i));
  std::ofstream(paths[3]) << "words";
  fs::remove(paths[17]);
  PcmCache cache(folder_);
  for (PcmCache* chosen : {static_cast<PcmCache*>(nullptr), &cache, &cache}) {
    int errors = 0;
    size_t progress = 0;
    const auto clips = load_clips(paths, 22050, {.threads = 4, .ahead = 1, .cache = chosen},
                                  {.on_error = [&](const Clip&) { ++errors; },
                                   .on_progress =
                                       [&](size_t done, size_t total) {
                                         EXPECT_EQ(done, ++progress);
                                         EXPECT_EQ(total, paths.size());
                                       }});
    ASSERT_EQ(clips.size(), paths.size());
    for (size_t i = 0; i < clips.size(); ++i) {
      EXPECT_EQ(clips[i].path, paths[i]);
      EXPECT_EQ(clips[i].usable(), i != 3 && i != 17);
      EXPECT_EQ(clips[i].pcm.defined(), clips[i].usable()) << i;
      EXPECT_TRUE(!clips[i].usable() || same_pcm(clips[i].pcm, hear(paths[i], 22050).pcm)) << i;
    }
    EXPECT_EQ(clips[3].error, paths[3].string() + ": is text, not sound");
    EXPECT_EQ(errors, 2);
    EXPECT_EQ(progress, paths.size());
  }
  EXPECT_EQ(cache.counts().decoded, 20);  // 18, and the one that is text, both times
  EXPECT_EQ(load_clips({}, 22050).size(), 0u);
}

TEST_F(PcmCacheTest, AnExceptionOfTheTakerEndsTheWork) {
  const std::vector<fs::path> paths(50, sound("a.wav"));
  size_t taken = 0;
  EXPECT_THROW(for_each_clip(paths, 22050, {.threads = 3},
                             [&](size_t, Clip&&) {
                               if (++taken == 5) throw DataError("enough");
                             }),
               DataError);
  EXPECT_EQ(taken, 5u);
  EXPECT_THROW(load_clips(paths, -5), UsageError);  // not a clip's fault
}

}  // namespace
}  // namespace cudenza::testing
