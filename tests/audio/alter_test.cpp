/// What happens to a recording: against librosa and SciPy (tests/fixtures/make_alter_fixture.py), and by what can be measured.
#include "engine/audio/alter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numeric>

#include "engine/audio/mp3_codec.h"
#include "engine/audio/time_stretch.h"
#include "engine/core/error.h"
#include "tests/support/raw_file.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {

const std::filesystem::path kFixtures = std::filesystem::path(CUDENZA_SOURCE_DIR) / "tests/fixtures";

std::vector<float> signal(const std::string& name) {
  std::vector<float> x;
  for (const int16_t sample : read_raw<int16_t>(kFixtures / "mel" / (name + ".pcm")))
    x.push_back(static_cast<float>(sample) / 32768);
  return x;
}

std::vector<float> joined(std::vector<float> a, const std::vector<float>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

double power_of(std::span<const float> x) {
  double sum = 0;
  for (const float sample : x) sum += static_cast<double>(sample) * static_cast<double>(sample);
  return sum / static_cast<double>(x.size());
}

/// Power of the difference below that of a, in decibels.
double distance_db(std::span<const float> a, std::span<const float> b) {
  std::vector<float> difference(a.size());
  std::ranges::transform(a, b, difference.begin(), std::minus());
  return 10 * std::log10(power_of(a) / power_of(difference));
}

/// Power of x at a frequency, by one coefficient of its Fourier transform under a Hann window.
double power_at(std::span<const float> x, double hz, int rate) {
  std::complex<double> sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double turn = 2 * M_PI * static_cast<double>(i), window = 0.5 - 0.5 * std::cos(turn / static_cast<double>(x.size()));
    sum += window * static_cast<double>(x[i]) * std::polar(1.0, -turn * hz / rate);
  }
  return std::norm(sum);
}

void expect_near(std::span<const float> got, const std::vector<float>& expected, double within) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], within) << "sample " << i;
}

TEST(TimeStretch, IsLibrosas) {
  const std::vector<float> swell = signal("swell"), both = joined(signal("chirp"), swell), all = joined(both, both);
  for (const auto& [tempo, ending] : {std::pair{1.06, ".tempo_106"}, {0.94, ".tempo_094"}}) {
    SCOPED_TRACE(tempo);
    expect_near(time_stretch(swell, tempo), read_raw<float>(kFixtures / "alter" / (std::string("swell") + ending)), 2e-6);
    const std::vector<float> stretched = time_stretch(all, tempo);
    ASSERT_EQ(stretched.size(), stretched_length(all.size(), tempo));
    expect_near(std::span(stretched).last(2048), read_raw<float>(kFixtures / "alter" / (std::string("long") + ending)), 2e-6);
  }
}

TEST(TimeStretch, KeepsThePitchAndTheSoundAtItsOwnTempo) {
  const std::vector<float> tone = sine(1000, 22050, 2);
  for (const double tempo : {0.94, 1.06}) {
    const std::vector<float> stretched = time_stretch(tone, tempo);
    EXPECT_EQ(stretched.size(), static_cast<size_t>(std::lround(44100 / tempo)));
    const std::span<const float> middle = std::span(stretched).subspan(4096, 32768);
    EXPECT_GT(power_at(middle, 1000, 22050), 1e4 * power_at(middle, 1000 * tempo, 22050));
  }
  EXPECT_GT(distance_db(tone, time_stretch(tone, 1)), 120);
}

TEST(TimeStretch, ShortSoundsAndImpossibleTempos) {
  EXPECT_TRUE(time_stretch({}, 1.06).empty());
  EXPECT_EQ(time_stretch(std::vector<float>(1, 0.5f), 0.94).size(), 1u);
  EXPECT_EQ(time_stretch(std::vector<float>(100, 0.5f), 1.06).size(), 94u);
  EXPECT_THROW(time_stretch(std::vector<float>(9), 0), UsageError);
}

TEST(LowPass, HasTheTapsOfScipy) {
  for (const int rate : {22050, 44100}) {
    const auto expected = read_raw<double>(kFixtures / "alter" / ("low_pass_" + std::to_string(rate) + ".f64"));
    const std::vector<double> taps = low_pass_taps(4000, rate);
    ASSERT_EQ(taps.size(), expected.size());
    for (size_t i = 0; i < taps.size(); ++i) ASSERT_NEAR(taps[i], expected[i], 1e-15) << "tap " << i << " at " << rate;
  }
}

TEST(LowPass, PassesAndStopsWhereItSays) {
  const std::vector<double> taps = low_pass_taps(4000, 44100);
  const auto gain = [&](double hz) {
    double sum = 0;
    for (size_t i = 0; i < taps.size(); ++i)
      sum += taps[i] * std::cos(2 * M_PI * hz / 44100 * (static_cast<double>(i) - static_cast<double>(taps.size() / 2)));
    return std::abs(sum);
  };
  for (double hz = 0; hz <= 3800; hz += 50) EXPECT_NEAR(gain(hz), 1, 1.2e-4) << hz;
  EXPECT_NEAR(gain(4000), 0.5, 1e-3);
  for (double hz = 4200; hz <= 22050; hz += 50) EXPECT_LT(gain(hz), 1.2e-4) << hz;
}

TEST(LowPass, IsThatFilterWithoutADelay) {
  std::vector<float> click(3000);
  click[1500] = 1;
  const std::vector<double> taps = low_pass_taps(4000, 22050);
  const std::vector<float> y = low_pass(click, 4000, 22050);
  for (size_t i = 0; i < y.size(); ++i) {
    const int64_t k = static_cast<int64_t>(i + taps.size() / 2) - 1500;
    const double tap = k >= 0 && k < std::ssize(taps) ? taps[static_cast<size_t>(k)] : 0;
    ASSERT_EQ(y[i], static_cast<float>(tap)) << i;
  }
  EXPECT_EQ(low_pass(click, 4000, 8000), click);  // nothing lies above
}

TEST(Gain, IsAFactorAndClipsNothing) {
  const std::vector<float> louder = with_gain(std::vector<float>{0.75f, -1, 0}, 6);
  EXPECT_FLOAT_EQ(louder[0], 0.75f * 1.99526231f);
  EXPECT_FLOAT_EQ(louder[1], -1.99526231f);
  EXPECT_EQ(louder[2], 0);
}

TEST(WhiteNoise, HasItsLevelAndIsWhite) {
  const std::vector<float> x = sine(440, 44100, 1);
  const std::vector<float> y = with_white_noise(x, 20, 7);
  std::vector<float> noise(x.size());
  std::ranges::transform(y, x, noise.begin(), std::minus());
  EXPECT_NEAR(distance_db(x, y), 20, 0.1);  // the deviation of 44,100 draws is 0.03 dB
  for (const size_t lag : {1, 2, 100}) {
    double sum = 0;
    for (size_t i = lag; i < noise.size(); ++i) sum += static_cast<double>(noise[i]) * static_cast<double>(noise[i - lag]);
    EXPECT_LT(std::abs(sum / static_cast<double>(noise.size()) / power_of(noise)), 4 / 210.0) << lag;  // 4 deviations
  }
}

TEST(WhiteNoise, DependsOnTheSeedAndTheSound) {
  const std::vector<float> x = sine(440, 8000, 0.1), other = sine(441, 8000, 0.1);
  const auto noise = [](const std::vector<float>& of, uint64_t seed) {
    std::vector<float> y = with_white_noise(of, 20, seed);
    std::ranges::transform(y, of, y.begin(), std::minus());
    return y;
  };
  const auto likeness = [](const std::vector<float>& a, const std::vector<float>& b) {
    return std::abs(std::inner_product(a.begin(), a.end(), b.begin(), 0.0)) / std::sqrt(power_of(a) * power_of(b)) / 800;
  };
  const std::vector<float> one = noise(x, 1);
  EXPECT_EQ(one, noise(x, 1));
  EXPECT_LT(likeness(one, noise(x, 2)), 0.15);  // 4 deviations
  EXPECT_LT(likeness(one, noise(other, 1)), 0.15);
  EXPECT_EQ(with_white_noise(std::vector<float>(5), 20, 1), std::vector<float>(5));  // silence has no level to be 20 dB below
}

/// x scaled so that its power is that of `like`.
std::vector<float> as_loud(std::span<const float> x, std::span<const float> like) {
  std::vector<float> y(x.begin(), x.end());
  const double gain = std::sqrt(power_of(like) / power_of(x));
  for (float& sample : y) sample = static_cast<float>(gain * static_cast<double>(sample));
  return y;
}

// Its bit rate is checked by through_mp3() itself.
TEST(ThroughMp3, StaysInItsPlaceAndLosesSomething) {
  if (!why_no_mp3().empty()) GTEST_SKIP() << why_no_mp3();
  for (const int rate : {8000, 22050, 30000, 44100, 50000}) {
    SCOPED_TRACE(rate);
    std::vector<float> x = sine(300, rate, 1, 0.3);
    for (size_t i = 0; i < x.size(); ++i) x[i] *= static_cast<float>(1 + 0.5 * std::sin(60.0 * static_cast<double>(i) / rate));
    const std::vector<float> y = through_mp3(x, rate, 64);
    ASSERT_EQ(y.size(), x.size());
    const std::span<const float> middle = std::span(x).subspan(x.size() / 4, x.size() / 2);
    const auto distance = [&](int shift) {
      const auto at = static_cast<size_t>(static_cast<int64_t>(x.size() / 4) + shift);
      return distance_db(middle, as_loud(std::span(y).subspan(at, middle.size()), middle));
    };
    EXPECT_NEAR(power_of(y) / power_of(x), 0.95 * 0.95, 0.02);  // LAME's own scale at low bit rates
    EXPECT_GT(distance(0), 35);
    EXPECT_LT(distance(0), 90);
    EXPECT_GT(distance(0), distance(-1) + 3);
    EXPECT_GT(distance(0), distance(1) + 3);
  }
}

TEST(ThroughMp3, RefusesBitRatesThatARateDoesNotHave) {
  EXPECT_THROW(through_mp3(std::vector<float>(100), 8000, 128), UsageError);
  EXPECT_THROW(through_mp3(std::vector<float>(100), 44100, 24), UsageError);
  EXPECT_TRUE(through_mp3({}, 44100, 64).empty());
}

}  // namespace
}  // namespace cudenza::testing
