#include "engine/audio/decode.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "tests/support/same_sound.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// Signal over noise in dB of x against the sine it should be, the ends left out, where nothing lies before or behind.
double sine_snr(const std::vector<float>& x, double hz, int rate) {
  const auto expected = sine(hz, rate, static_cast<double>(x.size()) / rate);
  double signal = 0, noise = 0;
  for (size_t i = static_cast<size_t>(rate / 20); i + static_cast<size_t>(rate / 20) < x.size(); ++i) {
    signal += expected[i] * expected[i];
    noise += (x[i] - expected[i]) * (x[i] - expected[i]);
  }
  return 10 * std::log10(signal / noise);
}

TEST(Resample, SinesStaySines) {
  for (const auto& [from, to] :
       {std::pair{22050, 44100}, {44100, 22050}, {48000, 44100}, {8000, 44100}, {192000, 44100}, {44100, 16000}}) {
    for (const double hz : {100.0, 440.0, 0.2 * std::min(from, to)})
      EXPECT_GT(sine_snr(resample(sine(hz, from, 2), from, to), hz, to), 110) << from << " to " << to << ", " << hz << " Hz";
  }
}

TEST(Resample, WhatTheNewRateCannotHoldIsGone) {
  const auto x = resample(sine(15000, 44100, 2), 44100, 22050);
  double power = 0;
  for (size_t i = 1000; i + 1000 < x.size(); ++i) power += x[i] * x[i];
  EXPECT_LT(10 * std::log10(power / static_cast<double>(x.size()) / 0.125), -100);
}

TEST(Resample, LengthIsRoundedUp) {
  EXPECT_EQ(resampled_length(661500, 22050, 44100), 1323000);
  EXPECT_EQ(resampled_length(3, 2, 1), 2);
  EXPECT_EQ(resampled_length(1000, 48000, 22050), 460);  // 459.4
  EXPECT_EQ(resampled_length(1, 44100, 16000), 0);
  EXPECT_EQ(resampled_length(int64_t{192000} * 3600 * 24 * 365, 192000, 44100), int64_t{44100} * 3600 * 24 * 365);
  for (const int samples : {1, 7, 1000, 4095, 4096, 4097, 30011}) {
    const std::vector<float> x(static_cast<size_t>(samples), 0.1f);
    for (const auto& [from, to] :
         {std::pair{22050, 44100}, {44100, 22050}, {48000, 44100}, {44100, 48000}, {44101, 8000}, {1000, 1000}})
      EXPECT_EQ(static_cast<int64_t>(resample(x, from, to).size()), resampled_length(samples, from, to))
          << samples << ' ' << from;
  }
  EXPECT_EQ(resample(std::vector<float>(), 22050, 44100).size(), 0u);
}

TEST(Resample, PiecesMakeNoDifference) {
  const auto tone = sine(440, 48000, 1);
  const std::vector<double> x(tone.begin(), tone.end());
  for (const auto& [from, to] : {std::pair{22050, 44100}, {48000, 44100}}) {
    const auto whole = resample(std::span(x), from, to);
    for (const size_t piece : {1u, 1000u, 5003u}) {
      Resampler resampler(from, to);
      std::vector<double> out;
      for (size_t i = 0; i < x.size(); i += piece) resampler.push(std::span(x).subspan(i, std::min(piece, x.size() - i)), out);
      resampler.finish(out);
      EXPECT_TRUE(out == whole) << piece;
    }
  }
}

TEST(Resample, RatesThatMakeNoSense) { EXPECT_THROW(Resampler(0, 44100), UsageError); }

class DecodeTest : public ::testing::Test {
 protected:
  ScratchFolder scratch_;
  fs::path at(const std::string& name) const { return scratch_.path() / name; }
  /// Music-like: no two places alike.
  static std::vector<float> sweep(int rate, double seconds) {
    std::vector<float> x(static_cast<size_t>(rate * seconds));
    for (size_t i = 0; i < x.size(); ++i) {
      const double t = static_cast<double>(i) / rate;
      x[i] = static_cast<float>(0.4 * std::sin(2 * M_PI * (100 + 500 * t) * t) + 0.2 * std::sin(7000 * std::cos(t)));
    }
    return x;
  }
};

TEST_F(DecodeTest, StreamEqualsWhole) {
  write_wav(at("a.wav"), 22050, sweep(22050, 3));
  for (const int rate : {22050, 44100, 16000}) {
    const auto whole = decode(at("a.wav"), rate);
    EXPECT_EQ(static_cast<int64_t>(whole.size()), resampled_length(3 * 22050, 22050, rate));
    for (const size_t piece : {777u, 50'000u}) {
      PcmStream stream(at("a.wav"), rate);
      EXPECT_EQ(stream.length(), static_cast<int64_t>(whole.size()));
      std::vector<float> all, block(piece);
      while (const size_t count = stream.read(block))
        all.insert(all.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(count));
      EXPECT_TRUE(all == whole) << rate << ' ' << piece;
    }
    EXPECT_TRUE(same_pcm(hear(at("a.wav"), rate).pcm, pcm_of(whole)));
  }
}

TEST_F(DecodeTest, APieceIsWhatTheWholeHasThere) {
  using namespace sound;
  const auto x = sweep(22050, 6);
  write_sound(at("a.wav"), kWav | kFloat, 22050, 1, x);
  write_sound(at("a.flac"), kFlac | kPcm16, 22050, 1, x);
  write_sound(at("a.ogg"), kOgg | kVorbis, 22050, 1, x);
  const bool has_mp3 = write_sound(at("a.mp3"), kMp3 | kLayer3, 22050, 1, x);
  for (const char* name : {"a.wav", "a.flac", "a.ogg", "a.mp3"}) {
    if (name == std::string("a.mp3") && !has_mp3) continue;
    for (const int rate : {22050, 44100, 16000, 11025}) {
      const auto whole = decode(at(name), rate);
      for (const double begin : {0.0, 0.001, 1.2345, 5.5}) {
        const auto piece = decode(at(name), rate, {.begin = begin, .length = 0.7});
        const auto first = static_cast<size_t>(std::llround(begin * rate));
        ASSERT_EQ(piece.size(), std::min(static_cast<size_t>(std::llround(0.7 * rate)), whole.size() - first)) << name << rate;
        for (size_t i = 0; i < piece.size(); ++i)
          ASSERT_NEAR(piece[i], whole[first + i], 2e-6) << name << ' ' << rate << ' ' << begin << ' ' << i;
      }
    }
  }
  EXPECT_EQ(decode(at("a.wav"), 44100, {.begin = 7}).size(), 0u);
  EXPECT_THROW(decode(at("a.wav"), 44100, {.begin = -1}), UsageError);
  EXPECT_THROW(decode(at("a.wav"), -1), UsageError);
}

TEST_F(DecodeTest, WindowsCoverTheFile) {
  const auto x = sweep(8000, 2);  // 16,000 samples
  write_sound(at("a.wav"), sound::kWav | sound::kFloat, 8000, 1, x);
  struct Case {
    int64_t size, hop;
    std::vector<int64_t> begins;
    int64_t last;  // samples in the last window
  };
  const Case cases[] = {
      {4000, 4000, {0, 4000, 8000, 12000}, 4000},
      {6000, 3000, {0, 3000, 6000, 9000, 12000}, 4000},
      {5000, 5000, {0, 5000, 10000, 15000}, 1000},
      {4000, 2000, {0, 2000, 4000, 6000, 8000, 10000, 12000}, 4000},
      {1000, 7000, {0, 7000, 14000}, 1000},
      {16000, 8000, {0}, 16000},
      {20000, 10000, {0}, 16000},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(fmt::format("size {}, hop {}", c.size, c.hop));
    WindowStream stream(at("a.wav"), 8000, c.size, c.hop);
    WindowStream::Window window;
    std::vector<int64_t> begins;
    while (stream.next(window)) {
      begins.push_back(window.begin);
      ASSERT_EQ(static_cast<int64_t>(window.content.size()), c.size);
      for (int64_t i = 0; i < c.size; ++i)
        ASSERT_EQ(window.content[static_cast<size_t>(i)], i < window.samples ? x[static_cast<size_t>(window.begin + i)] : 0.0f)
            << i;
    }
    EXPECT_EQ(begins, c.begins);
    EXPECT_EQ(window.samples, c.last);
    EXPECT_FALSE(stream.next(window));
  }
}

TEST_F(DecodeTest, ThreeHoursNeedLittleMemory) {
  constexpr int64_t kSamples = int64_t{3} * 3600 * 8000;
  write_wav(at("a.wav"), 8000, {0.0f});
  std::fstream header(at("a.wav"), std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](int place, int64_t value) { header.seekp(place).write(reinterpret_cast<const char*>(&value), 4).flush(); };
  put(4, 36 + 2 * kSamples);                        // RIFF
  put(40, 2 * kSamples);                            // data
  fs::resize_file(at("a.wav"), 44 + 2 * kSamples);  // a hole, which takes no room on the disk
  const auto kilobytes = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const long before = kilobytes();
  const SoundFacts facts = examine(at("a.wav"));
  EXPECT_EQ(facts.error, "");
  EXPECT_EQ(facts.seconds(), 3 * 3600);
  EXPECT_TRUE(facts.silent);
  WindowStream stream(at("a.wav"), 8000, 30 * 8000, 15 * 8000);
  WindowStream::Window window;
  int windows = 0;
  while (stream.next(window)) ++windows;
  EXPECT_EQ(windows, 719);
  EXPECT_LT(kilobytes() - before, 32 * 1024);
}

TEST_F(DecodeTest, WindowsBeforeACutAreGood) {
  write_wav(at("a.wav"), 8000, sweep(8000, 10));
  fs::resize_file(at("a.wav"), fs::file_size(at("a.wav")) / 2);
  WindowStream stream(at("a.wav"), 8000, 16000, 16000);
  WindowStream::Window window;
  EXPECT_TRUE(stream.next(window));
  EXPECT_TRUE(stream.next(window));
  EXPECT_THROW(stream.next(window), DataError);
}

}  // namespace
}  // namespace cudenza::testing
