/// From files of every sample type to decibels: what `features` writes, and what a network is given, are what plain loops in
/// double precision make of the same samples, read by libsndfile alone.
#include <gtest/gtest.h>
#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "apps/cli/exit_code.h"
#include "apps/study/labelled_rows.h"
#include "engine/audio/mel.h"
#include "engine/io/hdf5_file.h"
#include "engine/train/clip_input.h"
#include "engine/train/load_rows.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr int kRate = 22050;
constexpr double kBound = 1e-3;  // dB, within 60 dB of a clip's maximum

struct Kind {
  const char* ending;
  int format;
  bool is_narrow;  ///< mono of it fits 16 bits
};
constexpr Kind kKinds[] = {
    {"u8.wav", sound::kWav | sound::kPcmU8, true},    {"s16.wav", sound::kWav | sound::kPcm16, true},
    {"s24.wav", sound::kWav | sound::kPcm24, false},  {"s32.wav", sound::kWav | sound::kPcm32, false},
    {"f32.wav", sound::kWav | sound::kFloat, false},  {"f64.wav", sound::kWav | sound::kDouble, false},
    {"alaw.wav", sound::kWav | SF_FORMAT_ALAW, true}, {"ulaw.wav", sound::kWav | SF_FORMAT_ULAW, true},
    {"16.flac", sound::kFlac | sound::kPcm16, true},  {"24.flac", sound::kFlac | sound::kPcm24, false},
    {"a.ogg", sound::kOgg | sound::kVorbis, false},
};
struct Level {
  const char* name;
  double gain;
};
constexpr Level kLevels[] = {{"0dB", 0.95}, {"-60dB", 0.95e-3}, {"-90dB", 0.95 * 3.16e-5}, {"+6dB", 1.9}};

/// Tones, a sweep and noise; the right channel is another than the left.
std::vector<float> tune(double gain, int channels) {
  const auto length = kRate / 10;
  std::vector<float> x;
  uint32_t noise = 1;
  for (int i = 0; i < length; ++i) {
    const double t = static_cast<double>(i) / kRate;
    for (int c = 0; c < channels; ++c) {
      noise = noise * 1664525 + 1013904223;
      const double hiss = static_cast<double>(noise >> 8) / (1 << 24) - 0.5;
      x.push_back(static_cast<float>(gain * (0.5 * std::sin(2 * M_PI * (200 + 40000 * t + 90 * c) * t) +
                                             0.3 * std::sin(2 * M_PI * (440 + c) * t) + 0.2 * hiss)));
    }
  }
  return x;
}

/// The mean of a file's channels in double precision.
std::vector<double> read_exactly(const fs::path& path) {
  SF_INFO info = {};
  SNDFILE* const file = sf_open(path.c_str(), SFM_READ, &info);
  EXPECT_NE(file, nullptr) << path;
  const auto channels = static_cast<size_t>(info.channels);
  std::vector<double> all(static_cast<size_t>(info.frames) * channels), mono;
  all.resize(static_cast<size_t>(sf_readf_double(file, all.data(), info.frames)) * channels);
  sf_close(file);
  for (size_t i = 0; i < all.size(); i += channels) {
    double sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += all[i + c];
    mono.push_back(sum / info.channels);
  }
  return mono;
}

/// The same filter as ours, from doubles to doubles, by soxr alone.
std::vector<double> resampled(const std::vector<double>& x, int from, int to) {
  std::vector<double> y(x.size() * static_cast<size_t>(to) / static_cast<size_t>(from) + 1000);
  const soxr_io_spec_t doubles = soxr_io_spec(SOXR_FLOAT64_I, SOXR_FLOAT64_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, SOXR_DOUBLE_PRECISION);
  size_t used = 0, made = 0;
  EXPECT_EQ(soxr_oneshot(from, to, 1, x.data(), x.size(), &used, y.data(), y.size(), &made, &doubles, &quality, nullptr),
            nullptr);
  y.resize(static_cast<size_t>(resampled_length(std::ssize(x), from, to)));
  return y;
}

/// The largest difference where `expected` is within 60 dB of its maximum.
double largest(const std::vector<double>& got, const std::vector<double>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  const double loudest = *std::ranges::max_element(expected);
  double worst = 0;
  for (size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    if (expected[i] >= loudest - 60) worst = std::max(worst, std::abs(got[i] - expected[i]));
  }
  return worst;
}

/// log_mel() of an f64 tensor takes the plain loops.
std::vector<double> expected_of(const std::vector<double>& x, const MelSpec& spec) {
  return LogMel(spec)(Tensor::from(x, {1, std::ssize(x)})).to_vector<double>();
}

class ExactSound : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) const { return scratch_.path() / name; }
  ScratchFolder scratch_;
};

TEST_F(ExactSound, FeaturesAreThoseOfTheSamplesOfEveryFile) {
  fs::create_directories(at("sounds"));
  std::vector<std::string> names;
  for (const Level& level : kLevels) {
    for (const int channels : {1, 2}) {
      for (const Kind& kind : kKinds) {
        names.push_back(fmt::format("{}.{}.{}", level.name, channels, kind.ending));
        ASSERT_TRUE(write_sound(at("sounds/" + names.back()), kind.format, kRate, channels, tune(level.gain, channels)));
      }
    }
  }
  for (const bool standardise : {false, true}) {
    MelSpec spec;
    spec.sample_rate = kRate, spec.standardise_wave = standardise;
    spec.n_fft = 512, spec.n_mels = 40;  // the plain loops' time grows with the square of n_fft
    const std::string size = fmt::format("--sample-rate {} --n-fft {} --n-mels {}", spec.sample_rate, spec.n_fft, spec.n_mels);
    const Ran ran =
        run_program(fmt::format("features '{}' --device cpu --no-cache {} --normalize none --image-size 32 --out '{}' --quiet {}",
                                at("sounds").string(), size, at("f.h5").string(), standardise ? "--standardise" : ""));
    ASSERT_EQ(ran.status, kDone) << ran.err;
    const Hdf5File file(at("f.h5"));
    for (const std::string& name : names) {
      const auto clip = file.contains(name) ? name : fs::path(name).stem().string();
      const auto got = file.read(clip + "/mel_db").to_vector<double>();
      EXPECT_LT(largest(got, expected_of(read_exactly(at("sounds/" + name)), spec)), kBound) << name << ' ' << standardise;
    }
  }
}

/// What the filter takes away is loud, what it leaves is 50 to 100 dB below. In single precision soxr added up to 3e-3 dB here.
TEST_F(ExactSound, ResamplingAddsNoNoiseBelowWhatItTakesAway) {
  MelSpec spec;
  spec.n_fft = 512, spec.n_mels = 40;
  for (const auto& [own, rate] : {std::pair{44100, 22050}, {48000, 22050}, {22050, 44100}}) {
    spec.sample_rate = rate;
    for (const int type : {sound::kPcm24, sound::kPcm32, sound::kFloat, sound::kDouble}) {
      std::vector<float> x;
      for (int i = 0; i < own / 5; ++i) {
        const double t = static_cast<double>(i) / own;
        const double loud = 0.6 * std::sin(2 * M_PI * 0.41 * own * t);
        x.push_back(static_cast<float>(loud));
        x.push_back(static_cast<float>(loud + 3e-3 * std::sin(2 * M_PI * 200 * t) + 1e-5));
      }
      ASSERT_TRUE(write_sound(at("a.wav"), sound::kWav | type, own, 2, x));
      const std::vector<double> expected = expected_of(resampled(read_exactly(at("a.wav")), own, rate), spec);
      const HeardSound heard = hear(at("a.wav"), rate);
      const Tensor got = LogMel(spec)(heard.pcm.view({1, heard.pcm.numel()}));
      EXPECT_LT(largest(got.to_vector<double>(), expected), kBound) << own << ' ' << rate << ' ' << type;
    }
  }
}

/// The channels' difference of 1e-12 is all there is: floats of each would have lost it.
TEST_F(ExactSound, ChannelsAreMixedBeforeTheyAreRounded) {
  SF_INFO info = {
      .frames = 0, .samplerate = kRate, .channels = 2, .format = sound::kWav | sound::kDouble, .sections = 0, .seekable = 0};
  const std::vector<double> x = {0.1 + 2e-12, -0.1, 0.7, -0.7 - 4e-12};
  SNDFILE* const file = sf_open(at("a.wav").c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(sf_write_double(file, x.data(), 4), 4);
  sf_close(file);
  EXPECT_EQ(hear(at("a.wav"), kRate).pcm.to_vector<float>(),
            (std::vector<float>{static_cast<float>((x[0] + x[1]) / 2), static_cast<float>((x[2] + x[3]) / 2)}));
}

TEST_F(ExactSound, SixteenBitSourcesTakeNoMoreRoom) {
  for (const Kind& kind : kKinds) {
    ASSERT_TRUE(write_sound(at(kind.ending), kind.format, kRate, 1, tune(0.5, 1)));
    EXPECT_EQ(hear(at(kind.ending), kRate).pcm.dtype(), kind.is_narrow ? DType::i16 : DType::f32) << kind.ending;
    EXPECT_EQ(hear(at(kind.ending), 16000).pcm.dtype(), DType::f32) << kind.ending;
  }
}

/// Files as a data set of one class, read as `train` and `eval` read them.
Rows rows_of_files(const std::vector<fs::path>& paths, const InputSpec& spec) {
  Dataset dataset;
  std::vector<int> items;
  for (const fs::path& path : paths) {
    items.push_back(static_cast<int>(items.size()));
    dataset.items.push_back({.path = path, .label = 0, .split = {}});
  }
  return load_sound_rows(dataset, items, spec);
}

InputSpec small_input() {
  InputSpec spec{.picture = {.height = 32, .width = 32, .channels = 1}, .normalize = Normalize::none, .clip_seconds = 0.1};
  spec.mel.sample_rate = kRate;
  return spec;
}

TEST_F(ExactSound, OneFileOfFloatsMakesTheSetFloatsAndChangesNoOther) {
  write_wav(at("a.wav"), kRate, tune(0.5, 1));
  write_wav(at("b.wav"), kRate, tune(0.3, 1));
  ASSERT_TRUE(write_sound(at("c.wav"), sound::kWav | sound::kFloat, kRate, 1, tune(1.9e-3, 1)));
  const InputSpec spec = small_input();
  const Rows narrow = rows_of_files({at("a.wav"), at("b.wav")}, spec),
             mixed = rows_of_files({at("a.wav"), at("c.wav"), at("b.wav")}, spec);
  ASSERT_EQ(narrow.data.dtype(), DType::i16);
  ASSERT_EQ(mixed.data.dtype(), DType::f32);
  EXPECT_EQ(narrow.in_16_bits, 2);
  EXPECT_EQ(mixed.in_16_bits, 2);
  const ClipChances chances = clip_chances({.noise = true, .cutout = true, .specaugment = true}, spec);
  ClipInput few(narrow.data, spec, chances, DType::f32, 1), all(mixed.data, spec, chances, DType::f32, 1);
  const std::vector<int64_t> in_few = {0, 1}, in_all = {0, 2};
  EXPECT_EQ(few.plain(in_few).to_vector<float>(), all.plain(in_all).to_vector<float>());
  EXPECT_EQ(few.variants(in_few, 3).to_vector<float>(), all.variants(in_all, 3).to_vector<float>());
}

/// What is remarked when a data set of these files is read.
std::vector<std::string> remarks_on(const std::vector<fs::path>& paths) {
  struct Listener : Observer {
    void remark(const std::string& line) override { lines.push_back(line); }
    std::vector<std::string> lines;
  } listener;
  LabelledRows data;
  std::vector<int> items;
  for (const fs::path& path : paths) {
    items.push_back(static_cast<int>(items.size()));
    data.dataset.items.push_back({.path = path, .label = 0, .split = {}});
  }
  data.dataset.classes = {"one"};
  load(data, items, small_input(), {}, listener);
  return listener.lines;
}

TEST_F(ExactSound, WhatAMixedSetCostsIsRemarked) {
  const char* const cache = std::getenv("CUDENZA_CACHE");
  const std::string before = cache ? cache : "";
  setenv("CUDENZA_CACHE", at("cache").c_str(), 1);
  write_wav(at("a.wav"), kRate, tune(0.5, 1));
  ASSERT_TRUE(write_sound(at("b.wav"), sound::kWav | sound::kFloat, kRate, 1, tune(1.9e-3, 1)));
  EXPECT_EQ(remarks_on({at("a.wav"), at("a.wav")}), std::vector<std::string>());
  EXPECT_EQ(remarks_on({at("b.wav")}), std::vector<std::string>());
  std::vector<fs::path> paths(400, at("a.wav"));  // of 2205 samples: 1.68 MiB in 16 bits
  paths.push_back(at("b.wav"));
  const std::vector<std::string> remarks = remarks_on(paths);
  ASSERT_EQ(remarks.size(), 1u);
  expect_says(remarks[0], "400 of 401 clips are 16-bit, the others need 32-bit floats; all are kept as such: 2 MiB more");
  if (cache) setenv("CUDENZA_CACHE", before.c_str(), 1);
  else unsetenv("CUDENZA_CACHE");
}

/// With the waveform's mean and deviation taken out, a network cannot tell how loud a recording was.
TEST_F(ExactSound, AQuietCopyIsTheSameToANetwork) {
  std::vector<fs::path> paths;
  for (const Level& level : kLevels) {
    paths.push_back(at(std::string(level.name) + ".wav"));
    ASSERT_TRUE(write_sound(paths.back(), sound::kWav | sound::kFloat, kRate, 1, tune(level.gain, 1)));
  }
  for (const bool crops : {false, true}) {
    InputSpec spec = small_input();
    spec.mel.standardise_wave = true;
    if (crops) spec.crop_seconds = 0.08;
    const Rows rows = rows_of_files(paths, spec);
    const ClipChances chances = clip_chances(Recipe{.noise = true}, spec);
    ClipInput input(rows.data, spec, chances, DType::f32, 1);
    const Tensor epoch = Tensor::zeros({1}, DType::u32);
    const auto all = input.plain(std::vector<int64_t>{0, 1, 2, 3}).to_vector<double>();
    const size_t each = all.size() / 4;
    for (size_t row = 1; row < 4; ++row) {
      for (size_t i = 0; i < each; ++i) ASSERT_NEAR(all[row * each + i], all[i], 2e-3) << kLevels[row].name << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
