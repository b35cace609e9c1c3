/// The resize against Pillow and PyTorch (tests/fixtures/make_mel_fixture.py) and against the plain loops.
#include "kernels/resize/resize.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

#include "engine/core/error.h"
#include "tests/support/compare.h"
#include "tests/support/raw_file.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

using kernels::Affine;
using kernels::Cpu;
using kernels::Reference;
using kernels::ResizeAxis;
using kernels::ResizeTable;

template <class T> struct Axis {
  ResizeTable table;
  std::vector<T> weights;
  explicit Axis(const ResizeTable& t) : table(t), weights(t.weights.begin(), t.weights.end()) {}
  ResizeAxis<T> as() const { return {table.in, table.out, table.taps, table.first.data(), weights.data()}; }
};

/// In float by the fast loops, in double by the plain ones.
template <class T>
std::vector<T> resized(const std::vector<T>& x, int height, int width, int out_height, int out_width, bool antialias,
                       bool flip = false) {
  const Axis<T> rows(kernels::make_resize_table(height, out_height, antialias, flip)),
      columns(kernels::make_resize_table(width, out_width, antialias, false));
  std::vector<T> y(static_cast<size_t>(out_height) * out_width);
  const kernels::PicturePlan<T> plan{.rows = rows.as(), .columns = columns.as()};
  if constexpr (std::is_same_v<T, double>) kernels::picture(Reference{}, plan, x.data(), y.data(), 1);
  else kernels::picture(Cpu{}, plan, x.data(), y.data(), 1);
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
    const auto exact = resized(std::vector<double>(x.begin(), x.end()), 128, frames, height, width, antialias);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], expected[i], 1e-4) << (antialias ? "Pillow" : "PyTorch") << " element " << i;
      ASSERT_NEAR(exact[i], expected[i], 1e-4) << (antialias ? "Pillow" : "PyTorch") << " element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ResizeFixture, ::testing::Values(Size{128, 20}, Size{40, 13}, Size{200, 60}, Size{224, 45}),
                         [](const auto& size) { return fmt::format("to_{}x{}", size.param.height, size.param.width); });

/// Every output's weights of every input.
std::vector<double> dense(const ResizeTable& table) {
  std::vector<double> weights(static_cast<size_t>(table.in) * table.out);
  for (int o = 0; o < table.out; ++o) {
    for (int k = 0; k < table.taps; ++k) weights[o * table.in + table.first[o] + k] += table.weights[o * table.taps + k];
  }
  return weights;
}

TEST(Resize, WeightsAreTheReferences) {
  for (const int in : {1, 2, 7, 128, 431}) {
    for (const int out : {1, 3, 7, 224, 500}) {
      for (const bool antialias : {true, false}) {
        for (const bool flip : {true, false}) {
          const auto weights = dense(kernels::make_resize_table(in, out, antialias, flip)),
                     expected = dense(kernels::make_resize_table(Reference{}, in, out, antialias, flip));
          for (size_t i = 0; i < weights.size(); ++i) ASSERT_NEAR(weights[i], expected[i], 1e-13) << in << " to " << out;
        }
      }
    }
  }
}

/// Five clips with all that a plan may hold, or with nothing.
template <class U> void expect_the_reference(Size from, Size to, int channels, bool all) {
  const int64_t clips = 5;
  std::vector<float> x, floor;
  std::vector<Affine<float>> maps;
  for (int64_t i = 0; i < clips * from.height * from.width; ++i) x.push_back(std::sin(static_cast<float>(i * i % 1009)));
  for (int64_t c = 0; c < clips; ++c) floor.push_back(0.2f * static_cast<float>(c) - 0.5f);
  for (int64_t i = 0; i < clips * from.height; ++i)
    maps.push_back({1 + 0.1f * static_cast<float>(i % 7), -0.05f * static_cast<float>(i)});
  const Axis<float> rows(kernels::make_resize_table(from.height, to.height, true, true)),
      columns(kernels::make_resize_table(from.width, to.width, true, false));
  kernels::PicturePlan<float> plan{.rows = rows.as(), .columns = columns.as(), .channels = channels};
  if (all) {
    plan.floor = floor.data(), plan.row_maps = maps.data(), plan.row_map_stride = channels % 2 ? from.height : 0;
    for (int c = 0; c < channels; ++c) plan.channel_maps[c] = {1 + static_cast<float>(c), 0.5f * static_cast<float>(c)};
  }
  std::vector<U> result(static_cast<size_t>(clips * to.height * to.width * channels)), expected(result.size());
  kernels::picture(Reference{}, plan, x.data(), expected.data(), clips);
  const auto tensor = [](const std::vector<U>& y) {
    return Tensor::from(std::vector<float>(y.begin(), y.end()), {std::ssize(y)});
  };
  for (const int threads : {1, 3}) {
    const ThreadCount count(threads);
    kernels::picture(Cpu{}, plan, x.data(), result.data(), clips);
    EXPECT_TRUE(is_close(tensor(result), tensor(expected), kernel_against_cpu(dtype_of<U>)));
  }
}

TEST(Resize, PicturesAreTheReferences) {
  for (const auto& [from, to] :
       {std::pair{Size{40, 67}, Size{23, 31}}, {{7, 5}, {16, 9}}, {{1, 1}, {3, 2}}, {{12, 300}, {12, 7}}}) {
    for (const int channels : {1, 2, 3, 4}) {
      SCOPED_TRACE(fmt::format("{} x {} to {} x {}, {} channels", from.height, from.width, to.height, to.width, channels));
      for (const bool all : {false, true}) {
        expect_the_reference<float>(from, to, channels, all);
        expect_the_reference<bf16>(from, to, channels, all);
        expect_the_reference<f16>(from, to, channels, all);
      }
    }
  }
}

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
