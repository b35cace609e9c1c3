/// Every kernel on the way from sound to pictures, its source run on the host, against the plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/audio/picture.h"
#include "kernels/simt/simt.h"
#include "tests/support/compare.h"
#include "tests/support/real_fft.h"

namespace cudenza::testing {
namespace {

constexpr simt::Order kOrders[] = {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom};

/// Noise, so that no band is lost in rounding; the second clip louder, with an offset.
Tensor sound(int64_t clips, int64_t samples, DType dtype) {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  std::vector<double> x(static_cast<size_t>(clips * samples));
  for (size_t i = 0; i < x.size(); ++i) {
    const auto clip = static_cast<double>(i / static_cast<size_t>(samples));
    x[i] = (0.05 + 0.1 * clip) * normal(random) + 0.02 * clip;
  }
  if (dtype == DType::i16) {
    for (double& value : x) value = std::round(std::clamp(value * 32768, -32768.0, 32767.0));
  }
  return Tensor::from(x, {clips, samples}).to(dtype);
}

/// Samples of full scale 1 in f64, which plain loops take.
Tensor in_double(const Tensor& pcm) {
  const Tensor x = pcm.to(DType::f64);
  if (pcm.dtype() == DType::i16)
    for (double& value : x.span<double>()) value /= 32768;
  return x;
}

void expect_near(const Tensor& got, const Tensor& expected, double tolerance) {
  ASSERT_EQ(got.shape(), expected.shape());
  const auto g = got.to_vector<double>(), e = expected.to_vector<double>();
  for (size_t i = 0; i < g.size(); ++i) ASSERT_NEAR(g[i], e[i], tolerance) << i;
}

MelSpec small(int n_fft, int hop, int n_mels) { return {.sample_rate = 8000, .n_fft = n_fft, .hop = hop, .n_mels = n_mels}; }

class RealFftOnSimt : public ::testing::TestWithParam<int> {};

TEST_P(RealFftOnSimt, EqualsTheReference) {
  const int n = GetParam();
  const auto x = noise(2 * n);
  const auto exact = rfft<double>(kernels::Reference{}, x, n);
  for (const auto order : kOrders) {
    simt::set_order(order);
    EXPECT_LT(worst_error(rfft<float>(kernels::Gpu{}, std::vector<float>(x.begin(), x.end()), n), exact, n), 6e-7);
  }
}
INSTANTIATE_TEST_SUITE_P(Lengths, RealFftOnSimt, ::testing::ValuesIn(kFftLengths));

struct Case {
  MelSpec spec;
  DType dtype;
  int64_t samples;
};

/// One to four frames in a block and eight, a last tile that is short, bands fewer and more than threads, every power and
/// border, frames that begin at odd samples (a warp's and a block's), a transform of one pass.
std::vector<Case> cases() {
  std::vector<Case> all = {{small(64, 20, 12), DType::f32, 700},     {small(512, 100, 40), DType::i16, 3100},
                           {small(400, 200, 70), DType::f32, 1500},  {small(2048, 512, 128), DType::i16, 3000},
                           {small(60, 16, 9), DType::i16, 300},      {small(2048, 512, 128), DType::f32, 6000},
                           {small(2048, 333, 37), DType::i16, 5001}, {small(32, 8, 5), DType::f32, 90},
                           {small(64, 15, 9), DType::f32, 400}};
  all[1].spec.standardise_wave = true;
  all[2].spec.scale = MelScale::htk, all[2].spec.norm = MelNorm::none, all[2].spec.top_db = 20;
  all[3].spec.centre = false;
  all[4].spec.power = 1, all[4].spec.top_db = std::nullopt;
  all[5].spec.standardise_wave = true;
  all[6].spec.power = 1;
  return all;
}

TEST(MelOnSimt, KernelsEqualTheReference) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(fmt::format("n_fft {}, {}", c.spec.n_fft, c.dtype));
    const Tensor pcm = sound(2, c.samples, c.dtype);
    const Tensor expected = LogMel(c.spec)(in_double(pcm));
    for (const GpuFft fft : {GpuFft::fused, GpuFft::cufft}) {
      const LogMel log_mel(c.spec, Device::cuda(), fft);
      for (const auto order : kOrders) {
        simt::set_order(order);
        expect_near(log_mel(pcm.to(Device::cuda())), expected, 1e-3);
      }
    }
  }
}

// Constant is only what does not move beside its mean: a clip may lie far from zero.
TEST(MelOnSimt, ClipsFarFromZeroAreStandardised) {
  simt::set_order(simt::Order::kForward);
  MelSpec spec = small(64, 20, 12);
  spec.standardise_wave = true;
  Tensor pcm = sound(1, 700, DType::f32);
  for (float& value : pcm.span<float>()) value = 0.02f * value + 0.75f;
  expect_near(LogMel(spec, Device::cuda())(pcm.to(Device::cuda())), LogMel(spec)(in_double(pcm)), 0.01);
  for (const double constant : {0.75, 0.0}) {
    pcm = Tensor::full({1, 700}, constant, DType::f32);
    expect_near(LogMel(spec, Device::cuda())(pcm.to(Device::cuda())), LogMel(spec)(in_double(pcm)), 1e-3);
  }
}

TEST(MelOnSimt, FramesTooLongForABlockGoToTheLibrary) {
  simt::set_order(simt::Order::kForward);
  const MelSpec spec = small(32768, 16384, 8);
  const Tensor pcm = sound(1, 20000, DType::i16);
  expect_near(LogMel(spec, Device::cuda())(pcm.to(Device::cuda())), LogMel(spec)(pcm), 1e-3);
}

// Both in f32: a clip's mean and deviation are those of decibels around -40, and what is near the mean keeps few digits of them.
TEST(PictureOnSimt, KernelsEqualTheCpu) {
  const MelSpec spec = small(64, 20, 12);
  const Tensor pcm = sound(2, 1300, DType::f32);
  const LogMel on_cpu(spec);
  MelStatistics statistics;
  statistics.add(on_cpu(pcm));
  for (const Normalize how : {Normalize::none, Normalize::global, Normalize::bin, Normalize::clip, Normalize::imagenet}) {
    for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
      const PictureSpec shape{.height = 19,
                              .width = 37,
                              .channels = how == Normalize::none ? 1 : 3,
                              .antialias = how != Normalize::global,
                              .dtype = dtype};
      const Tensor mel_db = on_cpu.unclamped(pcm).mel_db,
                   floor = Tensor::from(std::vector<float>{-30, -25}, {2});  // well inside the values
      const Tensor expected = Picture(shape, how, &statistics)(LogMel::Unclamped{mel_db, floor});
      const Picture picture(shape, how, &statistics, Device::cuda());
      for (const auto order : kOrders) {
        SCOPED_TRACE(fmt::format("{}, {}", name_of(how), dtype));
        simt::set_order(order);
        EXPECT_TRUE(is_close(picture(LogMel::Unclamped{mel_db.to(Device::cuda()), floor.to(Device::cuda())}), expected,
                             kernel_against_cpu(dtype)));
      }
    }
  }
}

TEST(StandardiseWaveOnSimt, ClipsOfFewSamplesAndSilenceAreTheReferences) {
  simt::set_order(simt::Order::kForward);
  for (const std::vector<float>& pcm : {std::vector<float>{0.5f}, {0.5f, 0.25f}, {0, 0, 0, 0}, {0.5f, -0.5f, 0.25f}}) {
    kernels::Affine<float> got{}, expected{};
    kernels::standardise_wave(kernels::Gpu{}, pcm.data(), &got, 1, std::ssize(pcm));
    kernels::standardise_wave(kernels::Reference{}, pcm.data(), &expected, 1, std::ssize(pcm));
    EXPECT_FLOAT_EQ(got.scale, expected.scale) << pcm.size();
    EXPECT_FLOAT_EQ(got.shift, expected.shift) << pcm.size();
  }
}

// There is nothing to divide by but what rounding leaves.
TEST(PictureOnSimt, ConstantClipsAreZeros) {
  simt::set_order(simt::Order::kForward);
  const Tensor mel_db = Tensor::full({2, 6, 777}, -31.3, DType::f32, Device::cuda());
  const auto y = Picture({.height = 5, .width = 9}, Normalize::clip, nullptr, Device::cuda())(mel_db).to_vector<float>();
  EXPECT_EQ(y, std::vector<float>(y.size(), 0));
}

TEST(MelStatisticsOnSimt, EqualTheReference) {
  const Tensor mel_db = LogMel(small(64, 20, 12))(sound(3, 700, DType::f32));
  MelStatistics plain, on_gpu;
  plain.add(mel_db.to(DType::f64));
  on_gpu.add(mel_db.to(Device::cuda()));
  for (size_t b = 0; b < 12; ++b) {
    EXPECT_NEAR(on_gpu.mean()[b], plain.mean()[b], 1e-4);
    EXPECT_NEAR(on_gpu.variance()[b], plain.variance()[b], 1e-4 * plain.variance()[b]);
  }
}

}  // namespace
}  // namespace cudenza::testing
