/// Batch norm's way back on the CPU: 16 bits against f32, with rows that are whole registers, are streamed, or leave some
/// channels.
#include "kernels/batch_norm/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace cudenza::kernels {
namespace {

/// What the way back reads and leaves, in T.
template <class T> struct Way {
  BatchNormShape shape;
  std::vector<T> x, dy, more, dz, dx, dresidual;
  std::vector<uint32_t> mask;
  std::vector<float> gamma, mean, inv_std, dgamma, dbeta;

  /// Numbers that all types hold.
  explicit Way(const BatchNormShape& s) : shape(s) {
    const auto count = static_cast<size_t>(s.rows * s.channels), channels = static_cast<size_t>(s.channels);
    std::mt19937 random(3);
    const auto eighth = [&] { return static_cast<float>(static_cast<int>(random() % 61) - 30) / 8; };
    for (auto* const values : {&x, &dy, &more}) {
      values->resize(count);
      for (T& value : *values) value = T(eighth());
    }
    for (auto* const results : {&dz, &dx, &dresidual}) results->assign(count, T(77.0f));
    mask.resize(static_cast<size_t>(s.mask_words()));
    for (uint32_t& word : mask) word = static_cast<uint32_t>(random());
    for (auto* const values : {&gamma, &mean, &inv_std}) {
      values->resize(channels);
      for (float& value : *values) value = 1 + eighth() / 8;
    }
    dgamma.resize(channels), dbeta.resize(channels);
  }

  void go(bool with_more) {
    const BatchNormChannels<float> channels{.gamma = gamma.data(), .mean = mean.data(), .inv_std = inv_std.data()};
    BatchNormUpstream<T> up{};
    up.dy = dy.data(), up.mask = mask.data();
    if (with_more) up.more = more.data(), up.dz = dz.data();
    std::vector<float> workspace(static_cast<size_t>(batch_norm_workspace(Cpu{}, shape)));
    batch_norm_backward_reduce(Cpu{}, up, x.data(), shape, channels, dgamma.data(), dbeta.data(), workspace.data());
    batch_norm_backward_apply(Cpu{}, dy.data(), x.data(), mask.data(), shape, channels, dgamma.data(), dbeta.data(), dx.data(),
                              dresidual.data());
  }
};

template <class T> void expect_as_in_f32(const BatchNormShape& shape, bool with_more, double unit) {
  Way<T> way(shape);
  Way<float> exact(shape);
  way.go(with_more), exact.go(with_more);
  const std::string where = std::to_string(shape.rows) + " x " + std::to_string(shape.channels);
  for (size_t c = 0; c < way.dgamma.size(); ++c) {
    // Each of the terms is exact; the sums of so many lose a few digits.
    ASSERT_NEAR(way.dbeta[c], exact.dbeta[c], 1e-5 * static_cast<double>(shape.rows)) << where << ", channel " << c;
    ASSERT_NEAR(way.dgamma[c], exact.dgamma[c], 1e-4 * static_cast<double>(shape.rows)) << where << ", channel " << c;
  }
  int64_t wrong = 0;
  for (size_t i = 0; i < way.dx.size(); ++i) {
    const size_t row = i / static_cast<size_t>(shape.channels), c = i % static_cast<size_t>(shape.channels);
    const bool passes = way.mask[row * static_cast<size_t>(shape.mask_words_per_row()) + c / 32] >> (c % 32) & 1u;
    wrong += static_cast<float>(way.dresidual[i]) != (passes ? static_cast<float>(way.dy[i]) : 0.0f);
    wrong += std::abs(static_cast<float>(way.dx[i]) - exact.dx[i]) > unit * std::abs(exact.dx[i]) + 1e-3f;
    if (!with_more) continue;
    const T sum = T(static_cast<float>(way.dy[i]) + static_cast<float>(way.more[i]));
    wrong += static_cast<float>(way.dz[i]) != (passes ? static_cast<float>(sum) : 0.0f);
  }
  EXPECT_EQ(wrong, 0) << where << (with_more ? ", two terms" : "");
}

TEST(BatchNormBackward, IsThatOfF32) {
  for (const int64_t channels : {1, 5, 8, 16, 32, 37, 64, 77, 96, 257}) {
    for (const int64_t rows : {2, 7, 333, 3000}) {
      for (const bool with_more : {false, true}) {
        expect_as_in_f32<bf16>({rows, channels}, with_more, 1.0 / 256);
        expect_as_in_f32<f16>({rows, channels}, with_more, 1.0 / 2048);
      }
    }
  }
}

TEST(BatchNormBackward, StreamsLargeGradients) {
  for (const bool with_more : {false, true}) {
    expect_as_in_f32<bf16>({140000, 64}, with_more, 1.0 / 256);
    expect_as_in_f32<f16>({140000, 64}, with_more, 1.0 / 2048);
    expect_as_in_f32<bf16>({110000, 80}, with_more, 1.0 / 256);  // rows that end within a register's pair
  }
}

}  // namespace
}  // namespace cudenza::kernels
