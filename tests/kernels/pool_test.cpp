/// The number of windows on a side, and which windows hold which inputs.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
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

TEST(Slices, AreTakenWhereFewWindowsHoldManyPixels) {
  const auto slices = [](int batch, int side, int out, int channels) {
    return pool_slices(PoolShape<AdaptiveSide>{batch, {side, out}, {side, out}, channels});
  };
  EXPECT_EQ(slices(256, 14, 7, 512), 0);   // four pixels each
  EXPECT_EQ(slices(4096, 7, 1, 2048), 0);  // enough windows to fill a device by one thread each
  EXPECT_EQ(slices(256, 7, 1, 2048), 1);   // a block each
  EXPECT_EQ(slices(1, 1024, 1, 64), 512);  // many blocks
  EXPECT_EQ(pool_workspace_bytes(PoolShape<AdaptiveSide>{256, {7, 1}, {7, 1}, 2048}), 0u);
  EXPECT_EQ(pool_workspace_bytes(PoolShape<AdaptiveSide>{1, {1024, 1}, {1024, 1}, 64}), 512u * 64 * 8);
}

// Few and many pixels a window, channels that fill registers and some left over; NaN, infinities, both zeros and ties throughout.
TEST(MaxPool, Bf16EqualsF32WhateverTheValues) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kValues[] = {0.0f, -0.0f, 1.0f, -1.0f, kInfinity, -kInfinity, 0.5f, -2.0f, kNan};
  for (const int kernel : {3, 6}) {
    for (const unsigned kinds : {8u, 9u}) {  // without NaN, and with it
      const StridedSide side{.size = 12, .out = 12 / kernel, .kernel = kernel, .stride = kernel, .pad = 0, .count_pad = false};
      const PoolShape<StridedSide> s{1, side, side, 1100};
      std::vector<float> x(12 * 12 * 1100), y(side.out * side.out * 1100);
      std::vector<bf16> x16(x.size()), y16(y.size());
      std::vector<uint8_t> winner(y.size()), winner16(y.size());
      for (size_t i = 0; i < x.size(); ++i) x16[i] = bf16(x[i] = kValues[(i * 2654435761u >> 7) % kinds]);
      max_pool_forward(Cpu{}, x.data(), y.data(), winner.data(), nullptr, s);
      max_pool_forward(Cpu{}, x16.data(), y16.data(), winner16.data(), nullptr, s);
      EXPECT_EQ(winner, winner16) << kernel << " " << kinds;
      for (size_t i = 0; i < y.size(); ++i) ASSERT_TRUE(y[i] == y16[i] || (y[i] != y[i] && y16[i] != y16[i])) << i;
    }
  }
}

}  // namespace
}  // namespace cudenza::kernels
