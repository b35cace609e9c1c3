/// The resize against Pillow and PyTorch (tests/fixtures/make_mel_fixture.py), and what its weights must be.
#include "kernels/resize/resize.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "engine/core/error.h"
#include "tests/support/raw_file.h"

namespace cudenza::testing {
namespace {

using kernels::Cpu;
using kernels::ResizeAxis;
using kernels::ResizeTable;

template <class T> struct Axis {
  ResizeTable table;
  std::vector<T> weights;
  explicit Axis(const ResizeTable& t) : table(t), weights(t.weights.begin(), t.weights.end()) {}
  ResizeAxis<T> as() const { return {table.in, table.out, table.taps, table.first.data(), weights.data()}; }
};

template <class T>
std::vector<T> resized(const std::vector<T>& x, int height, int width, int out_height, int out_width, bool antialias,
                       bool flip = false) {
  const Axis<T> rows(kernels::make_resize_table(height, out_height, antialias, flip)),
      columns(kernels::make_resize_table(width, out_width, antialias, false));
  std::vector<T> y(static_cast<size_t>(out_height) * out_width);
  kernels::picture(Cpu{}, kernels::PicturePlan<T>{.rows = rows.as(), .columns = columns.as()}, x.data(), y.data(), 1);
  return y;
}

struct Size {
  int height, width;
};
class ResizeFixture : public ::testing::TestWithParam<Size> {};

TEST_P(ResizeFixture, EqualsPillowAndPyTorch) {
  const std::filesystem::path folder = std::filesystem::path(CUDENZA_SOURCE_DIR) / "tests/fixtures/mel";
  const auto [height, width] = GetParam();
  const auto x = read_raw<float>(folder / "chirp.torchaudio");
  const int frames = static_cast<int>(x.size()) / 128;
  for (const bool antialias : {true, false}) {
    const auto expected =
        read_raw<float>(folder / fmt::format("resize_{}_{}x{}.f32", antialias ? "pillow" : "torch", height, width));
    const auto got = resized(x, 128, frames, height, width, antialias);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], expected[i], 1e-4) << (antialias ? "Pillow" : "PyTorch") << " element " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ResizeFixture, ::testing::Values(Size{128, 20}, Size{40, 13}, Size{200, 60}, Size{224, 45}),
                         [](const auto& size) { return fmt::format("to_{}x{}", size.param.height, size.param.width); });

TEST(Resize, WeightsSumToOneAndStayInside) {
  for (const int in : {1, 2, 7, 128, 431, 2584}) {
    for (const int out : {1, 3, 224, 500}) {
      for (const bool antialias : {true, false}) {
        const ResizeTable table = kernels::make_resize_table(in, out, antialias, true);
        for (int o = 0; o < out; ++o) {
          ASSERT_GE(table.first[o], 0);
          ASSERT_LE(table.first[o] + table.taps, in);
          ASSERT_NEAR(std::accumulate(&table.weights[o * table.taps], &table.weights[o * table.taps] + table.taps, 0.0), 1.0,
                      1e-12);
        }
      }
    }
  }
}

TEST(Resize, SameSizeCopiesAndFlipTurnsRows) {
  std::vector<double> x(6 * 5);
  std::iota(x.begin(), x.end(), 1.0);
  EXPECT_EQ(resized(x, 6, 5, 6, 5, true), x);
  const auto turned = resized(x, 6, 5, 6, 5, false, true);
  for (int i = 0; i < 6; ++i) {
    for (int j = 0; j < 5; ++j) EXPECT_EQ(turned[i * 5 + j], x[(5 - i) * 5 + j]);
  }
}

}  // namespace
}  // namespace cudenza::testing
