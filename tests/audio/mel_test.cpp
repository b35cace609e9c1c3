/// Log-mel spectrograms against librosa and torchaudio: synthetic signals that are kept here, real clips where a machine has
/// them (tests/fixtures/make_mel_fixture.py makes both).
#include "engine/audio/mel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/audio/picture.h"
#include "engine/core/gpu.h"
#include "tests/support/compare.h"
#include "tests/support/raw_file.h"

namespace cudenza::testing {
namespace {

const std::filesystem::path kFixtures = std::filesystem::path(CUDENZA_SOURCE_DIR) / "tests/fixtures/mel";

std::filesystem::path real_references() {
  const char* chosen = std::getenv("CUDENZA_MEL_REFERENCE");
  return chosen ? chosen : std::filesystem::path(CUDENZA_SOURCE_DIR) / "build/mel_reference";
}

Tensor pcm_of(const std::filesystem::path& folder, const std::string& name, DType dtype) {
  const auto samples = read_raw<int16_t>(folder / (name + ".pcm"));
  const Tensor pcm = Tensor::from(samples, {1, static_cast<int64_t>(samples.size())});
  if (dtype == DType::i16) return pcm;
  std::vector<double> scaled(samples.begin(), samples.end());
  for (double& x : scaled) x /= 32768;
  return Tensor::from(scaled, pcm.shape()).to(dtype);
}

/// The largest differences in dB: within 60 dB of the clip's maximum, and below.
struct Differences {
  double loud = 0, quiet = 0;
};

Differences differences(const std::filesystem::path& folder, const std::string& name, const std::string& preset, DType dtype) {
  const Tensor mel_db = LogMel(MelSpec::preset(preset))(pcm_of(folder, name, dtype));
  const auto expected = read_raw<float>(folder / (name + "." + preset));
  const auto got = mel_db.to_vector<double>();
  EXPECT_EQ(got.size(), expected.size());
  const double loudest = *std::max_element(expected.begin(), expected.end());
  Differences worst;
  for (size_t i = 0; i < got.size(); ++i) {
    double& side = expected[i] > loudest - 60 ? worst.loud : worst.quiet;
    side = std::max(side, std::abs(got[i] - static_cast<double>(expected[i])));
  }
  return worst;
}

void expect_like_reference(const std::filesystem::path& folder, const std::string& name) {
  for (const std::string preset : {"seed", "torchaudio"}) {
    for (const DType dtype : {DType::f32, DType::i16, DType::f64}) {
      SCOPED_TRACE(fmt::format("{}, {} preset, {}", name, preset, dtype));
      const Differences worst = differences(folder, name, preset, dtype);
      EXPECT_LT(worst.loud, 1e-3);
      EXPECT_LT(worst.quiet, 0.05);
      if (std::getenv("CUDENZA_PRINT_ERRORS"))
        fmt::print("{:20} {:10} {} {:.2e} {:.2e} dB\n", name, preset, dtype, worst.loud, worst.quiet);
    }
  }
}

/// The picture that a network sees, from librosa's spectrogram, against Pillow's from the same.
void expect_like_pillow(const std::filesystem::path& folder, const std::string& name) {
  if (!std::filesystem::exists(folder / (name + ".pillow"))) return;  // references that an older script has made
  const auto spectrogram = read_raw<float>(folder / (name + ".seed")), expected = read_raw<float>(folder / (name + ".pillow"));
  const Tensor mel_db = Tensor::from(spectrogram, {1, 128, static_cast<int64_t>(spectrogram.size()) / 128});
  const auto got = Picture({.channels = 1}, Normalize::none)(mel_db).to_vector<float>();
  ASSERT_EQ(got.size(), expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) worst = std::max(worst, std::abs(double{got[i]} - expected[i]));
  EXPECT_LT(worst, 1e-4) << name;
  if (std::getenv("CUDENZA_PRINT_ERRORS")) fmt::print("{:20} {:10} f32 {:.2e}\n", name, "pillow", worst);
}

class MelFixture : public ::testing::TestWithParam<const char*> {};
TEST_P(MelFixture, IsWhatTheLibrariesMake) { expect_like_reference(kFixtures, GetParam()); }
INSTANTIATE_TEST_SUITE_P(Signals, MelFixture, ::testing::Values("chirp", "noise", "clicks", "swell"),
                         [](const auto& signal) { return std::string(signal.param); });

TEST(MelReal, IsWhatTheLibrariesMake) {
  const auto folder = real_references();
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no real clips: tests/fixtures/make_mel_fixture.py --real AUDIO " << folder.string()
                 << " makes their references";
  }
  int clips = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".pcm") continue;
    const std::string name = entry.path().stem().string();
    expect_like_reference(folder, name);
    expect_like_pillow(folder, name);
    ++clips;
  }
  EXPECT_GT(clips, 0);
}

TEST(Mel, SilenceIsTheFloorEverywhere) {
  const Tensor mel_db = LogMel(MelSpec::preset("seed"))(Tensor::zeros({2, 5000}, DType::f32));
  for (const float value : mel_db.span<float>()) EXPECT_EQ(value, -100.0f);
}

TEST(Mel, ClipsOfABatchDoNotMeet) {
  const LogMel log_mel(MelSpec::preset("seed"));
  const Tensor chirp = pcm_of(kFixtures, "chirp", DType::f32), noise = pcm_of(kFixtures, "noise", DType::f32);
  const int64_t samples = chirp.size(1);
  const Tensor both = Tensor::empty({2, samples}, DType::f32);
  both.slice(0, {1, samples}).copy_from(chirp);
  both.slice(samples, {1, samples}).copy_from(noise);
  const auto batch = log_mel(both).to_vector<float>();
  auto apart = log_mel(chirp).to_vector<float>();
  const auto second = log_mel(noise).to_vector<float>();
  apart.insert(apart.end(), second.begin(), second.end());
  EXPECT_EQ(batch, apart);
}

TEST(Mel, UnclampedAndFloorGiveTheSame) {
  const LogMel log_mel(MelSpec::preset("seed"));
  const Tensor clicks = pcm_of(kFixtures, "clicks", DType::f32);
  const auto open = log_mel.unclamped(clicks);
  auto values = open.mel_db.to_vector<float>();
  for (float& value : values) value = std::max(value, static_cast<float>(open.floor.item()));
  EXPECT_EQ(values, log_mel(clicks).to_vector<float>());
}

TEST(Mel, FloatFollowsDoubleForEverySpec) {
  const Tensor exact = pcm_of(kFixtures, "noise", DType::f64), x = exact.to(DType::f32);
  const MelSpec seed = MelSpec::preset("seed");
  std::vector<MelSpec> specs(8, seed);
  specs[0].n_fft = 1200, specs[0].hop = 333;
  specs[1].n_fft = 250, specs[1].n_mels = 20;  // not a multiple of a vector
  specs[2].centre = false;
  specs[3].power = 1, specs[3].top_db = std::nullopt;
  specs[4].win_length = 1000;
  specs[5].fmin = 60, specs[5].fmax = 8000, specs[5].scale = MelScale::htk;
  specs[6].standardise_wave = true;
  specs[7].n_fft = 512, specs[7].norm = MelNorm::none;
  for (const MelSpec& spec : specs) {
    SCOPED_TRACE(fmt::format("n_fft {}, hop {}, win {}, power {}", spec.n_fft, spec.hop, spec.win_length, spec.power));
    const auto expected = LogMel(spec)(exact).to_vector<double>(), got = LogMel(spec)(x).to_vector<double>();
    ASSERT_EQ(got.size(), expected.size());
    EXPECT_EQ(static_cast<int64_t>(got.size()), spec.n_mels * spec.frames(x.size(1)));
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-3) << i;
  }
}

// A sine of amplitude 1 at a bin's middle, magnitude n/4 under a Hann window: 20 log10(512) for n 2048, as one filter of
// height 1 over all bins' neighbours would hand it on.
TEST(Mel, SineHasTheKnownLevel) {
  MelSpec spec = MelSpec::preset("seed");
  spec.norm = MelNorm::none;
  spec.fmin = 999.5 * 44100 / 2048 / 10;
  std::vector<double> x(44100);
  const double middle = 100.0 * spec.sample_rate / spec.n_fft;
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(2 * M_PI * middle * static_cast<double>(i) / spec.sample_rate);
  const auto bank = mel_filter_bank(spec);
  double expected = 0;  // the main lobe is three bins: magnitudes 1/2, 1, 1/2
  std::vector<double> powers(static_cast<size_t>(spec.bins()));
  powers[99] = powers[101] = 512.0 * 512.0 / 4, powers[100] = 512.0 * 512.0;
  std::vector<double> bands(static_cast<size_t>(spec.n_mels));
  for (size_t b = 0; b < bands.size(); ++b) {
    for (size_t k = 0; k < powers.size(); ++k) bands[b] += bank[b * powers.size() + k] * powers[k];
  }
  expected = 10 * std::log10(*std::max_element(bands.begin(), bands.end()));
  const auto mel_db = LogMel(spec)(Tensor::from(x, {1, 44100}).to(DType::f32)).to_vector<float>();
  const size_t frames = mel_db.size() / bands.size(),
               band = static_cast<size_t>(std::max_element(bands.begin(), bands.end()) - bands.begin());
  EXPECT_NEAR(mel_db[band * frames + frames / 2], expected, 1e-3);
}

TEST(Mel, BandsLieAtTheirFrequencies) {
  for (const char* preset : {"seed", "torchaudio"}) {
    MelSpec spec = MelSpec::preset(preset);
    spec.n_fft = 1 << 16;  // so fine that a filter's highest bin is its middle
    const auto bank = mel_filter_bank(spec);
    const auto bins = static_cast<ptrdiff_t>(spec.bins());
    for (int band = 0; band < spec.n_mels; ++band) {
      const auto row = bank.begin() + band * bins;
      const double hertz = static_cast<double>(std::max_element(row, row + bins) - row) * spec.sample_rate / spec.n_fft;
      EXPECT_NEAR(mel_band_at(spec, hertz), band, 0.03) << preset;
    }
  }
}

TEST(Mel, StandardisedWaveForgetsLevelAndOffset) {
  MelSpec spec = MelSpec::preset("torchaudio");
  spec.standardise_wave = true;
  const Tensor x = pcm_of(kFixtures, "noise", DType::f64);
  auto moved = x.to_vector<double>();
  for (double& value : moved) value = 0.25 * value + 0.5;
  const auto a = LogMel(spec)(x).to_vector<double>(), b = LogMel(spec)(Tensor::from(moved, x.shape())).to_vector<double>();
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-9);
  const auto silence = LogMel(spec)(Tensor::full({1, 1001}, 0.1, DType::f32)).to_vector<float>();
  for (const float value : silence) ASSERT_EQ(value, -100.0f);
}

template <class F> std::string error_of(F&& f) {
  try {
    f();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Mel, ErrorsNameTheValueAndTheRemedy) {
  MelSpec spec;
  spec.n_fft = 2 * 7 * 64;
  EXPECT_EQ(error_of([&] { LogMel{spec}; }),
            "mel: n_fft is 896; choose an even number from 8 to 2^20 without prime factors other than 2, 3 and 5 (400, 1024, "
            "1200, 2048, …)");
  spec = {.sample_rate = 22050, .fmax = 16000};
  EXPECT_EQ(error_of([&] { LogMel{spec}; }), "mel: fmax is 16000 Hz, but samples at 22050 Hz hold nothing above 11025 Hz");
  const LogMel log_mel(MelSpec::preset("seed"));
  EXPECT_EQ(
      error_of([&] {
        log_mel(Tensor::zeros({1, 1024}, DType::f32));
      }),
      "mel: a clip of 1024 samples is too short for frames of n_fft 2048; it needs 1025 samples (23 ms), or a smaller n_fft");
  EXPECT_EQ(error_of([&] { log_mel(Tensor::zeros({5000}, DType::f32)); }),
            "mel: clips must be [B, samples], but the tensor is [5000]");
  EXPECT_EQ(error_of([&] {
              log_mel(Tensor::zeros({1, 5000}, DType::u8));
            }),
            "mel: samples must be f32 or i16 (or f64 on the CPU), but are u8");
  EXPECT_EQ(error_of([&] { MelSpec::preset("librosa"); }), "there is no mel preset 'librosa'; choose seed or torchaudio");
}

TEST(MelOnGpu, FusedKernelAndCufftEqualTheCpu) {
  CUDENZA_NEEDS_GPU();
  const Tensor pcm = pcm_of(kFixtures, "noise", DType::i16);
  for (const char* preset : {"seed", "torchaudio"}) {
    const auto expected = LogMel(MelSpec::preset(preset))(pcm).to_vector<double>();
    for (const GpuFft fft : {GpuFft::fused, GpuFft::cufft}) {
      const auto got = LogMel(MelSpec::preset(preset), Device::cuda(), fft)(pcm.to(Device::cuda())).to_vector<double>();
      for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-3) << i;
    }
  }
}

TEST(Mel, TheShortestClipHasAFrame) {
  const LogMel log_mel(MelSpec::preset("seed"));
  EXPECT_EQ(log_mel(Tensor::zeros({1, 1025}, DType::f32)).shape(), (Shape{1, 128, 3}));
}

}  // namespace
}  // namespace cudenza::testing
