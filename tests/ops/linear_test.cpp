#include "engine/ops/linear.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <array>

#include "engine/libraries/gemm.h"
#include "engine/libraries/math_mode.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

std::string error_of(const Tensor& x, const Tensor& w, const Tensor& bias = {}) {
  try {
    linear(x, w, bias);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

Tensor zeros(const Shape& shape, DType dtype = DType::f32) { return Tensor::zeros(shape, dtype); }

TEST(Linear, KnownValues) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3}),
               w = Tensor::from(std::vector<float>{1, 0, -1, 2, 1, 0}, {2, 3});
  const Tensor bias = Tensor::from(std::vector<float>{10, 20}, {2});
  EXPECT_EQ(linear(x, w).to_vector<float>(), (std::vector<float>{-2, 4, -2, 13}));
  EXPECT_EQ(linear(x, w, bias).to_vector<float>(), (std::vector<float>{8, 24, 8, 33}));
}

TEST(Linear, ErrorsNameValuesAndRemedy) {
  EXPECT_EQ(error_of(zeros({2, 7, 7, 512}), zeros({4096, 25088})),
            "linear: x is [2,7,7,512] but must be a matrix [N,in]; reshape() it first");
  EXPECT_EQ(error_of(zeros({2, 3}), zeros({4})), "linear: w is [4] but must be a matrix [out,in]");
  EXPECT_EQ(error_of(zeros({2, 3}), zeros({4, 3}, DType::bf16)), "linear: x is f32 but w is bf16; cast() one to the other");
  EXPECT_EQ(error_of(zeros({2, 3}), zeros({4, 5})),
            "linear: x has 3 features but w expects 5 (x [2,3], w [4,5]); the layer before must give 5");
  EXPECT_EQ(error_of(zeros({0, 3}), zeros({4, 3})), "linear: x [0,3] or w [4,3] is empty");
  EXPECT_EQ(error_of(zeros({2, 3}), zeros({4, 3}), zeros({3})),
            "linear: the bias is f32 [3] on cpu; with f32 x on cpu and 4 outputs it must be f32 [4] there");
}

class Gemm : public ::testing::TestWithParam<DType> {};

/// oneDNN against the reference, over sizes from one element to several blocks, all transposes, with and without bias.
TEST_P(Gemm, OneDnnEqualsReference) {
  struct Size {
    int64_t m, n, k;
  };
  for (const auto& [m, n, k] : {Size{1, 1, 1}, {1, 65, 130}, {7, 1, 33}, {33, 17, 1}, {64, 100, 256}, {130, 67, 95}}) {
    for (int variant = 0; variant < 8; ++variant) {
      const GemmShape g{
          .dtype = GetParam(), .m = m, .n = n, .k = k, .transpose_a = (variant & 1) != 0, .transpose_b = (variant & 2) != 0};
      SCOPED_TRACE(fmt::format("m {} n {} k {} transpose_a {} transpose_b {} bias {}", m, n, k, g.transpose_a, g.transpose_b,
                               variant >> 2));
      const auto in = make_inputs({{.shape = {m, k}}, {.shape = {k, n}}, {.shape = {n}, .accumulator = true}}, g.dtype);
      const void* bias = variant & 4 ? in[2].raw() : nullptr;
      const Tensor y = Tensor::empty({m, n}, g.dtype), expected = Tensor::empty({m, n}, g.dtype);
      gemm_onednn(g, in[0].raw(), in[1].raw(), y.raw(), bias);
      gemm_reference(g, in[0].raw(), in[1].raw(), expected.raw(), bias);
      EXPECT_TRUE(is_close(y, expected, kernel_against_cpu(g.dtype)));
    }
  }
}

/// Whole and cut into columns, as a training that must repeat computes it.
TEST_P(Gemm, DeterministicallyGivesTheSameBitsOnAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  const ExactMath exact;
  for (const auto& [m, n, k] : {std::array{8, 10, 512}, {5, 130, 96}, {33, 1100, 40}, {64, 640, 1024}, {1, 512, 2048}}) {
    for (int variant = 0; variant < 4; ++variant) {
      const GemmShape g{
          .dtype = GetParam(), .m = m, .n = n, .k = k, .transpose_a = (variant & 1) != 0, .transpose_b = (variant & 2) != 0};
      SCOPED_TRACE(fmt::format("m {} n {} k {} transpose_a {} transpose_b {}", m, n, k, g.transpose_a, g.transpose_b));
      const auto in = make_inputs({{.shape = {m, k}}, {.shape = {k, n}}, {.shape = {n}, .accumulator = true}}, g.dtype);
      const Tensor expected = Tensor::empty({m, n}, g.dtype);
      gemm_reference(g, in[0].raw(), in[1].raw(), expected.raw(), in[2].raw());
      Tensor first;
      for (const int count : {1, 2, 3, 5, 8}) {
        omp_set_num_threads(count);
        const Tensor y = Tensor::empty({m, n}, g.dtype);
        gemm_onednn(g, in[0].raw(), in[1].raw(), y.raw(), in[2].raw());
        if (!first.defined()) first = y;
        EXPECT_TRUE(is_close(y, first, {0, 0})) << count << " threads";
      }
      EXPECT_TRUE(is_close(first, expected, kernel_against_cpu(g.dtype)));
    }
  }
  omp_set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(All, Gemm, ::testing::Values(DType::f32, DType::bf16, DType::f16),
                         [](const auto& type) { return std::string(name_of(type.param)); });

/// The reference itself, in every transposed reading of one product that can be done by hand.
TEST(GemmReference, ReadsTransposesAsSaid) {
  const std::vector<double> a{1, 2, 3, 4, 5, 6}, a_transposed{1, 4, 2, 5, 3, 6}, b{1, -1, 0, 2, 1, 1},
      b_transposed{1, 0, 1, -1, 2, 1}, bias{100, 200};
  const std::vector<double> expected{104, 206, 110, 212};  // [2,3] by [3,2]
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      std::vector<double> y(4);
      gemm(Device::cpu(), {.dtype = DType::f64, .m = 2, .n = 2, .k = 3, .transpose_a = transpose_a, .transpose_b = transpose_b},
           (transpose_a ? a_transposed : a).data(), (transpose_b ? b_transposed : b).data(), y.data(), bias.data());
      EXPECT_EQ(y, expected);
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
