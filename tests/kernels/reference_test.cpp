/// The fast CPU loops against the plain ones (X_reference.cpp), where their branches part: lengths that fill no register, frames
/// that fill no vector, one thread and three, whose pieces begin anywhere. Kernels with a test file of their own are held there.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/audio/mel_tables.h"
#include "kernels/accumulate/accumulate.h"
#include "kernels/space_to_depth/space_to_depth.h"
#include "kernels/spec_augment/spec_augment.h"
#include "tests/support/compare.h"
#include "tests/support/real_fft.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

using kernels::Affine;
using kernels::Cpu;
using kernels::Reference;

template <class T> std::vector<T> waves(int64_t count, double phase) {
  std::vector<T> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(T(static_cast<float>(std::sin(phase + 0.37 * static_cast<double>(i)))));
  return values;
}

template <class T> std::vector<double> in_double(const std::vector<T>& values) {
  std::vector<double> result;
  for (const T& value : values) result.push_back(static_cast<acc_t<T>>(value));
  return result;
}

/// What `fast` makes of a copy of `values` with one thread and with three is what `plain` makes of it, bit for bit.
template <class T, class Fast, class Plain> void expect_same(const std::vector<T>& values, Fast fast, Plain plain) {
  std::vector<T> expected = values;
  plain(expected.data());
  for (const int threads : {1, 3}) {
    const ThreadCount count(threads);
    std::vector<T> result = values;
    fast(result.data());
    EXPECT_EQ(in_double(result), in_double(expected)) << threads << " threads";
  }
}

template <class T> void expect_accumulate() {
  for (const int64_t count : {0, 1, 63, 20'001}) {
    const auto first = waves<T>(count, 1), second = waves<T>(count + 3, 2);
    const auto add = [&](auto where, acc_t<T>* sums) {
      const kernels::Addition<T> additions[]{{sums, first.data(), count}, {sums + count, second.data() + 3, count}};
      kernels::accumulate<T>(where, additions);
    };
    expect_same(
        waves<acc_t<T>>(2 * count, 3), [&](acc_t<T>* sums) { add(Cpu{}, sums); },
        [&](acc_t<T>* sums) { add(Reference{}, sums); });
  }
}

TEST(CpuAgainstReference, Accumulate) {
  expect_accumulate<float>();
  expect_accumulate<bf16>();
  expect_accumulate<f16>();
}

template <class T> void expect_space_to_depth(const kernels::DepthShape& shape) {
  const auto x = waves<T>(shape.elements(), 0);
  const std::vector<T> empty(static_cast<size_t>(shape.out_blocks() * shape.out_channels()), T(7.0f));
  expect_same(
      empty, [&](T* y) { kernels::space_to_depth(Cpu{}, shape, x.data(), y); },
      [&](T* y) { kernels::space_to_depth(Reference{}, shape, x.data(), y); });
  std::vector<T> y = empty;
  kernels::space_to_depth(Reference{}, shape, x.data(), y.data());
  expect_same(
      std::vector<T>(x.size()), [&](T* back) { kernels::depth_to_space(Cpu{}, shape, y.data(), back); },
      [&](T* back) { std::copy(x.begin(), x.end(), back); });
  expect_same(
      std::vector<T>(x.size()), [&](T* back) { kernels::depth_to_space(Reference{}, shape, y.data(), back); },
      [&](T* back) { std::copy(x.begin(), x.end(), back); });
}

TEST(CpuAgainstReference, SpaceToDepth) {
  for (const kernels::DepthShape& shape : {kernels::DepthShape{2, 61, 63, 3, 2, 4, 35, 36},
                                           {2, 63, 60, 3, 4, 4, 18, 18},
                                           {5, 7, 7, 3, 2, 1, 4, 4},
                                           {3, 73, 74, 1, 2, 0, 37, 37},
                                           {1, 9, 30, 1, 4, 2, 3, 8}}) {
    expect_space_to_depth<bf16>(shape);
    expect_space_to_depth<f16>(shape);
  }
}

TEST(CpuAgainstReference, SpecAugment) {
  const std::vector<int64_t> rows{3, 1, 7, 0, -1};
  const auto floor = waves<float>(15, 0);
  for (const kernels::MaskRule& rule :
       {kernels::MaskRule{64, 201, 20, 100}, {64, 201, 64, 0}, {64, 201, 0, 201}, {1, 1, 1, 1}, {5, 3, 0, 0}}) {
    for (const float* const least : {floor.data(), static_cast<const float*>(nullptr)}) {
      const auto masked = [&](auto where, float* x) {
        kernels::spec_augment(where, rule, {.rows = rows.data(), .set = 4},
                              {.seed = 3, .rounds = kernels::Rounds::variants, .first = 2, .count = 3}, least, x, 5);
      };
      expect_same(
          waves<float>(15 * rule.bands * rule.frames, 1), [&](float* x) { masked(Cpu{}, x); },
          [&](float* x) { masked(Reference{}, x); });
    }
  }
}

TEST(CpuAgainstReference, RowMoments) {
  constexpr int64_t kClips = 3, kBands = 5;
  const float floors[] = {-0.4f, 0.3f, 2};  // in the third clip nothing is above it
  for (const int64_t count : {1, 7, 1003}) {
    auto x = waves<float>(kClips * kBands * count, 1);
    x[static_cast<size_t>(count - 1)] = 1.5f, x[static_cast<size_t>(2 * count - 1)] = -1.5f;  // extremes at rows' ends
    for (const float* const floor : {floors, static_cast<const float*>(nullptr)}) {
      std::vector<kernels::Moments<float>> expected(kClips * kBands), result(expected.size());
      kernels::row_moments(Reference{}, x.data(), floor, expected.data(), kClips, kBands, count);
      for (const int threads : {1, 3}) {
        const ThreadCount threads_now(threads);
        kernels::row_moments(Cpu{}, x.data(), floor, result.data(), kClips, kBands, count);
        for (size_t r = 0; r < result.size(); ++r) {
          EXPECT_NEAR(result[r].mean, expected[r].mean, 1e-6);
          EXPECT_NEAR(result[r].squares, expected[r].squares, 1e-5 * expected[r].squares + 1e-12);  // 0 where all is the floor
          EXPECT_EQ(result[r].least, expected[r].least);
          EXPECT_EQ(result[r].most, expected[r].most);
        }
      }
    }
  }
}

TEST(CpuAgainstReference, ClipMaps) {
  constexpr int64_t kClips = 3, kBands = 5, kCount = 77;
  auto x = waves<float>(kClips * kBands * kCount, 1);
  for (int64_t i = 0; i < kBands * kCount; ++i) x[static_cast<size_t>(i)] = 3;  // a constant clip
  std::vector<kernels::Moments<float>> moments(kClips * kBands);
  kernels::row_moments(Reference{}, x.data(), static_cast<const float*>(nullptr), moments.data(), kClips, kBands, kCount);
  for (const auto kind : {kernels::ClipMap::standard, kernels::ClipMap::unit}) {
    std::vector<Affine<float>> expected(kClips * kBands), result(expected.size());
    kernels::clip_maps(Reference{}, kind, moments.data(), expected.data(), kClips, kBands, kCount);
    kernels::clip_maps(Cpu{}, kind, moments.data(), result.data(), kClips, kBands, kCount);
    for (size_t r = 0; r < result.size(); ++r) {
      EXPECT_NEAR(result[r].scale, expected[r].scale, 1e-5 * expected[r].scale);
      EXPECT_NEAR(result[r].shift, expected[r].shift, 1e-5);
      EXPECT_EQ(expected[r].scale == 0, r < kBands);
    }
  }
}

/// Clips of noise, as samples of X hold it; the second louder than the first.
template <class X> std::vector<X> clips_of(int64_t samples) {
  std::vector<X> clips;
  for (const double value : noise(static_cast<int>(2 * samples))) {
    const double sample = value * (std::ssize(clips) < samples ? 0.02 : 0.1) + 0.01;
    clips.push_back(static_cast<X>(sizeof(X) == 2 ? std::lround(sample * 32768) : sample));
  }
  return clips;
}

/// Samples of X, transforms in T.
template <class X, class T> void expect_log_mel(const MelSpec& spec, int64_t samples, double tolerance) {
  SCOPED_TRACE(fmt::format("n_fft {}, hop {}, {} samples of {}, in {}", spec.n_fft, spec.hop, samples, sizeof(X), sizeof(T)));
  const auto tables = make_mel_tables(spec, dtype_of<T>, Device::cpu());
  const auto plan = mel_plan<T>(spec, tables, samples);
  const auto pcm = clips_of<X>(samples);
  std::vector<Affine<T>> wave(2);
  kernels::standardise_wave(Reference{}, pcm.data(), wave.data(), 2, samples);
  for (const Affine<T>* const map : {static_cast<const Affine<T>*>(wave.data()), static_cast<const Affine<T>*>(nullptr)}) {
    std::vector<float> expected(static_cast<size_t>(2 * spec.n_mels * plan.frames)), result(expected.size());
    kernels::log_mel(Reference{}, plan, pcm.data(), map, expected.data(), 2);
    for (const int threads : {1, 3}) {
      const ThreadCount count(threads);
      kernels::log_mel(Cpu{}, plan, pcm.data(), map, result.data(), 2);
      for (size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i], expected[i], tolerance) << i;
    }
  }
}

// Transforms of one pass, of several, and of parts that fill the cache; lengths and numbers of frames that fill no vector;
// frames that reach over both ends of a clip; powers and their roots.
TEST(CpuAgainstReference, LogMel) {
  struct Case {
    int n_fft, hop, n_mels;
    int64_t samples;
    int power = 2;
  };
  for (const auto& [n_fft, hop, n_mels, samples, power] : {Case{8, 3, 2, 50},
                                                           {16, 8, 3, 100, 1},
                                                           {60, 16, 9, 300},
                                                           {250, 77, 20, 2000},
                                                           {512, 128, 40, 512},
                                                           {400, 200, 30, 3001, 1},
                                                           {1200, 333, 60, 4000},
                                                           {2048, 512, 128, 5000}}) {
    const MelSpec spec{.sample_rate = 8000, .n_fft = n_fft, .hop = hop, .power = power, .n_mels = n_mels};
    expect_log_mel<float, float>(spec, samples, 5e-4);
    expect_log_mel<int16_t, float>(spec, samples, 5e-4);
    expect_log_mel<float, double>(spec, samples, 3e-5);  // 4 units in the last place of 64 dB in float
    expect_log_mel<int16_t, double>(spec, samples, 3e-5);
  }
}

template <class X, class T> void expect_standardise_wave(int64_t samples) {
  const auto pcm = clips_of<X>(samples);
  std::vector<Affine<T>> expected(2), result(2);
  kernels::standardise_wave(Reference{}, pcm.data(), expected.data(), 2, samples);
  kernels::standardise_wave(Cpu{}, pcm.data(), result.data(), 2, samples);
  for (size_t c = 0; c < 2; ++c) {
    EXPECT_NEAR(result[c].scale, expected[c].scale, 2e-6 * expected[c].scale) << samples;
    EXPECT_NEAR(result[c].shift, expected[c].shift, 2e-6) << samples;
  }
}

TEST(CpuAgainstReference, StandardiseWave) {
  for (const int64_t samples : {1, 3, 511, 512, 10'007}) {
    expect_standardise_wave<float, float>(samples);
    expect_standardise_wave<int16_t, float>(samples);
    expect_standardise_wave<float, double>(samples);
    expect_standardise_wave<int16_t, double>(samples);
  }
}

TEST(CpuAgainstReference, Floor) {
  for (const int64_t count : {1, 7, 10'001}) {
    const auto y = waves<float>(3 * count, 1);
    std::vector<float> floor(3);
    kernels::clip_floor(Reference{}, y.data(), floor.data(), 3, count, 0.7f);
    expect_same(
        std::vector<float>(3), [&](float* f) { kernels::clip_floor(Cpu{}, y.data(), f, 3, count, 0.7f); },
        [&](float* f) { std::copy(floor.begin(), floor.end(), f); });
    expect_same(
        y, [&](float* x) { kernels::apply_floor(Cpu{}, x, floor.data(), 3, count); },
        [&](float* x) { kernels::apply_floor(Reference{}, x, floor.data(), 3, count); });
  }
}

}  // namespace
}  // namespace cudenza::testing
