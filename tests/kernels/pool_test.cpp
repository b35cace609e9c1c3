/// The number of windows on a side, which windows hold which inputs, and the CPU's ways through them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {
namespace {

/// PyTorch 2.15: the side of max_pool2d's output for sizes 1 .. 12, kernels 1 .. 4, strides 1 .. 4, pads 0 .. kernel / 2,
/// without and with ceil_mode, the last running fastest; one hexadecimal digit each, 0 where it refuses.
constexpr std::string_view kTorchSizes =
    "111111110022011101110111001100110111011100002200011200011101011122111111113311221111111100220112"
    "011101110011330011220111120111113322111122441222112211111133112211121111002244011223011222011112"
    "442222113355223312221122224412231222111211335511223311122211122255332222446623332222122233552233"
    "122212222244661223341222231212226633222255773344223322224466233422231222335577223344122333122222"
    "774433226688344423332222557733442333222244668823344522233312222388443322779944553333223366883445"
    "233322235577993344552333342223339955333388aa45553344233377994455333423336688aa344556233444232333"
    "aa55443399bb55663444333388aa4556344423337799bb445566333444233333bb664433aacc56664444333399bb5566"
    "3444333388aacc455667344445233334cc664433bbdd667744553344aacc56674445333499bbdd556677344555333444";

/// Calls f(side with its size, kernel, stride and pad, ceil_mode) in the table's order.
template <class F> void for_each_side(F&& f) {
  for (int size = 1; size <= 12; ++size) {
    for (int kernel = 1; kernel <= 4; ++kernel) {
      for (int stride = 1; stride <= 4; ++stride) {
        for (int pad = 0; pad <= kernel / 2; ++pad) {
          for (const bool ceil_mode : {false, true}) f(StridedSide{size, 0, kernel, stride, pad, true}, ceil_mode);
        }
      }
    }
  }
}

TEST(PooledSize, IsPyTorchs) {
  size_t at = 0;
  for_each_side([&](StridedSide s, bool ceil_mode) {
    const int expected = std::stoi(std::string(1, kTorchSizes.at(at++)), nullptr, 16);
    EXPECT_EQ(std::max<int64_t>(0, pooled_size(s.size, s.kernel, s.stride, s.pad, ceil_mode)), expected)
        << "size " << s.size << " kernel " << s.kernel << " stride " << s.stride << " pad " << s.pad << " ceil " << ceil_mode;
  });
  EXPECT_EQ(at, kTorchSizes.size());
}

/// window() holds an input if and only if covering() holds the output, no window is empty, none exceeds longest().
template <class Side> void expect_consistent(const Side& s) {
  for (int out = 0; out < s.out; ++out) {
    const Span inputs = window(s, out);
    EXPECT_GE(inputs.begin, 0);
    EXPECT_LE(inputs.end, s.size);
    EXPECT_GE(inputs.length(), 1);
    EXPECT_LE(inputs.length(), longest(s));
    EXPECT_GE(counted(s, out), inputs.length());
    for (int in = 0; in < s.size; ++in) EXPECT_EQ(inputs.holds(in), covering(s, in).holds(out)) << in << " in " << out;
  }
  for (int in = 0; in < s.size; ++in) {
    EXPECT_GE(covering(s, in).begin, 0);
    EXPECT_LE(covering(s, in).end, s.out);
  }
}

TEST(Windows, StridedOnesCoverWhatTheyHold) {
  for_each_side([](StridedSide s, bool ceil_mode) {
    s.out = static_cast<int>(std::max<int64_t>(0, pooled_size(s.size, s.kernel, s.stride, s.pad, ceil_mode)));
    expect_consistent(s);
  });
}

TEST(Windows, AdaptiveOnesCoverWhatTheyHold) {
  for (int size = 1; size <= 20; ++size) {
    for (int out = 1; out <= 20; ++out) expect_consistent(AdaptiveSide{size, out});
  }
}

TEST(Windows, AWinnerTakesAByteIfAllPositionsFit) {
  const StridedSide sixteen{.size = 40, .out = 2, .kernel = 16, .stride = 16, .pad = 0, .count_pad = false};
  const StridedSide seventeen{.size = 40, .out = 2, .kernel = 17, .stride = 16, .pad = 0, .count_pad = false};
  EXPECT_TRUE(winner_fits_byte(PoolShape<StridedSide>{1, sixteen, sixteen, 1}));
  EXPECT_FALSE(winner_fits_byte(PoolShape<StridedSide>{1, sixteen, seventeen, 1}));
  EXPECT_TRUE(winner_fits_byte(PoolShape<AdaptiveSide>{1, {16, 1}, {16, 1}, 1}));
}

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kHardValues[] = {0.0f, -0.0f, 1.0f, -1.0f, kInfinity, -kInfinity, 0.5f, -2.0f, kNan};

/// The first `kinds` of the hard values, in no order; bf16 holds them all.
template <class T> std::vector<T> hard_values(size_t count, unsigned kinds) {
  std::vector<T> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = T(kHardValues[(i * 2654435761u >> 7) % kinds]);
  return values;
}

/// Bit for bit, but for NaN, which equals NaN.
void expect_rounded(const std::vector<float>& expected, const std::vector<bf16>& actual, const std::string& what) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const float value = actual[i];
    ASSERT_TRUE(bf16(expected[i]).bits == actual[i].bits || (expected[i] != expected[i] && value != value))
        << what << ": " << value << " at " << i << ", not " << expected[i];
  }
}

struct Windows {
  int kernel, stride, pad;
};

PoolShape<StridedSide> shape_of(int batch, int size, const Windows& w, int channels) {
  const int out = static_cast<int>(pooled_size(size, w.kernel, w.stride, w.pad, false));
  const StridedSide side{size, out, w.kernel, w.stride, w.pad, false};
  return {batch, side, side, channels};
}

int64_t inputs(const PoolShape<StridedSide>& s) { return int64_t{s.batch} * s.rows.size * s.columns.size * s.channels; }
int64_t outputs(const PoolShape<StridedSide>& s) { return int64_t{s.batch} * s.rows.out * s.columns.out * s.channels; }

// Few and many pixels a window, windows side by side, overlapping and over borders, channels that fill registers and some left
// over; NaN, infinities, both zeros and ties throughout.
TEST(Pool, Bf16EqualsF32WhateverTheValues) {
  for (const Windows& w : {Windows{2, 2, 0}, Windows{3, 3, 0}, Windows{3, 2, 1}, Windows{6, 6, 0}, Windows{6, 3, 3}}) {
    for (const int channels : {64, 101, 1100}) {
      for (const unsigned kinds : {8u, 9u}) {  // without NaN, and with it
        const auto s = shape_of(1, 12, w, channels);
        const std::string what =
            ::testing::PrintToString(std::vector{w.kernel, w.stride, w.pad, channels, static_cast<int>(kinds)});
        const size_t xs = static_cast<size_t>(inputs(s)), ys = static_cast<size_t>(outputs(s));
        const auto x = hard_values<float>(xs, kinds), dy = hard_values<float>(ys, kinds);
        const auto x16 = hard_values<bf16>(xs, kinds), dy16 = hard_values<bf16>(ys, kinds);
        std::vector<float> y(ys), dx(xs);
        std::vector<bf16> y16(ys), dx16(xs);
        std::vector<uint8_t> winner(ys), winner16(ys);
        max_pool_forward(Cpu{}, x.data(), y.data(), winner.data(), s);
        max_pool_forward(Cpu{}, x16.data(), y16.data(), winner16.data(), s);
        EXPECT_EQ(winner, winner16) << what;
        expect_rounded(y, y16, "maximum " + what);
        max_pool_backward(Cpu{}, dy.data(), winner.data(), dx.data(), s);
        max_pool_backward(Cpu{}, dy16.data(), winner.data(), dx16.data(), s);
        expect_rounded(dx, dx16, "maximum's gradient " + what);
        avg_pool_forward(Cpu{}, x.data(), y.data(), s);
        avg_pool_forward(Cpu{}, x16.data(), y16.data(), s);
        expect_rounded(y, y16, "average " + what);
        avg_pool_backward(Cpu{}, dy.data(), dx.data(), s);
        avg_pool_backward(Cpu{}, dy16.data(), dx16.data(), s);
        expect_rounded(dx, dx16, "average's gradient " + what);
      }
    }
  }
}

TEST(MaxPool, ANumberWinsByItsFirstPlaceAndNanByItsLast) {
  const auto s = shape_of(1, 3, {3, 3, 0}, 35);
  const auto expect_winner = [&](std::vector<float> window, int winner) {
    std::vector<float> x, y(35);
    std::vector<bf16> x16, y16(35);
    for (const float value : window) x.insert(x.end(), 35, value), x16.insert(x16.end(), 35, bf16(value));
    std::vector<uint8_t> where(35), where16(35);
    max_pool_forward(Cpu{}, x.data(), y.data(), where.data(), s);
    max_pool_forward(Cpu{}, x16.data(), y16.data(), where16.data(), s);
    EXPECT_EQ(where, std::vector<uint8_t>(35, static_cast<uint8_t>(winner)));
    EXPECT_EQ(where16, where);
    expect_rounded(std::vector<float>(35, window[static_cast<size_t>(winner)]), y16, "bf16");
    expect_rounded(y, y16, "f32");
  };
  expect_winner({-1, 2, 2, 0, 2, 1, 0, 2, 2}, 1);
  expect_winner({-1, -0.0f, 0, 0, -0.0f, -1, 0, 0, -2}, 1);  // zeros are equal, and stay what they are
  expect_winner({-1, 0, -0.0f, 0, -0.0f, -1, 0, 0, -2}, 1);
  expect_winner({-kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity, -kInfinity}, 0);
  expect_winner({1, kNan, 2, kInfinity, -kNan, 5, 6, 7, 8}, 4);
}

/// An array that begins where a register does, as those of tensors do: others are not streamed.
template <class T> class Aligned {
 public:
  explicit Aligned(size_t count) : elements_(count + 64) {}
  T* data() {
    void* p = elements_.data();
    size_t bytes = elements_.size() * sizeof(T);
    return static_cast<T*>(std::align(64, 64, p, bytes));
  }

 private:
  std::vector<T> elements_;
};

/// A batch whose results are streamed past the cache against its pictures, whose results are not.
template <class T> void expect_streamed_equal(int batch) {
  const auto whole = shape_of(batch, 128, {3, 1, 1}, 64), one = shape_of(1, 128, {3, 1, 1}, 64);
  const size_t count = static_cast<size_t>(inputs(whole)), picture = static_cast<size_t>(inputs(one));
  ASSERT_EQ(inputs(whole), outputs(whole));
  ASSERT_GE(count * sizeof(T), size_t{16} << 20);
  const auto x = hard_values<T>(count, 9), dy = hard_values<T>(count, 4);
  Aligned<T> y(count), mean(count), dx(count), spread(count), expected(picture);
  std::vector<uint8_t> winner(count), expected_winner(picture);
  max_pool_forward(Cpu{}, x.data(), y.data(), winner.data(), whole);
  avg_pool_forward(Cpu{}, x.data(), mean.data(), whole);
  max_pool_backward(Cpu{}, dy.data(), winner.data(), dx.data(), whole);
  avg_pool_backward(Cpu{}, dy.data(), spread.data(), whole);
  for (size_t at = 0; at < count; at += picture) {
    const auto expect_picture = [&](Aligned<T>& actual, const char* what) {
      EXPECT_EQ(std::memcmp(actual.data() + at, expected.data(), picture * sizeof(T)), 0) << what << " " << at / picture;
    };
    max_pool_forward(Cpu{}, x.data() + at, expected.data(), expected_winner.data(), one);
    expect_picture(y, "maxima of picture");
    EXPECT_EQ(std::memcmp(winner.data() + at, expected_winner.data(), picture), 0) << "winners of picture " << at / picture;
    max_pool_backward(Cpu{}, dy.data() + at, expected_winner.data(), expected.data(), one);
    expect_picture(dx, "maxima's gradient in picture");
    avg_pool_forward(Cpu{}, x.data() + at, expected.data(), one);
    expect_picture(mean, "averages of picture");
    avg_pool_backward(Cpu{}, dy.data() + at, expected.data(), one);
    expect_picture(spread, "averages' gradient in picture");
  }
}

TEST(Pool, LargeResultsEqualSmallOnes) {
  expect_streamed_equal<float>(4);
  expect_streamed_equal<bf16>(8);
}

}  // namespace
}  // namespace cudenza::kernels
