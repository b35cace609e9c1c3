/// The benchmarks' naive kernels are right, too: a comparison with a kernel that computes something else is worth nothing.
#include "bench/naive/naive.h"

#include <gtest/gtest.h>

#include "engine/ops/layout.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/pool.h"
#include "engine/ops/reduce.h"
#include "engine/ops/softmax_xent.h"
#include "kernels/simt/simt.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

constexpr naive::Gpu kGpu{};
constexpr Tolerance kTolerance = kernel_against_cpu(DType::f32);

Tensor random_input(const Shape& shape) { return make_inputs({{.shape = shape}}, DType::f32)[0]; }

TEST(Naive, Relu) {
  const Tensor x = random_input({300}), y = Tensor::empty({300}, DType::f32);
  naive::relu(kGpu, x.data<float>(), y.data<float>(), 300);
  EXPECT_TRUE(is_close(y, relu(x), kTolerance));
}

TEST(Naive, SumRows) {
  const Tensor x = random_input({37, 5}), y = Tensor::empty({5}, DType::f32);
  naive::sum_rows(kGpu, x.data<float>(), y.data<float>(), 37, 5);
  EXPECT_TRUE(is_close(y, sum_rows(x), kTolerance));
}

TEST(Naive, Statistics) {
  const Tensor x = random_input({37, 5}), mean = Tensor::empty({5}, DType::f32), variance = Tensor::empty({5}, DType::f32);
  naive::statistics(kGpu, x.data<float>(), mean.data<float>(), variance.data<float>(), 37, 5);
  const Tensor expected = scale(sum_rows(x), 1.0 / 37);
  EXPECT_TRUE(is_close(mean, expected, kTolerance));
  for (int c = 0; c < 5; ++c) {
    double squares = 0;
    for (int r = 0; r < 37; ++r) squares += std::pow(x.span<float>()[r * 5 + c] - expected.span<float>()[c], 2);
    EXPECT_NEAR(variance.span<float>()[c], squares / 37, 1e-5);
  }
}

TEST(Naive, Transpose) {
  const Tensor x = random_input({2, 3, 4, 5}), y = Tensor::empty({2, 4, 5, 3}, DType::f32);
  naive::transpose(kGpu, x.data<float>(), y.data<float>(), 2, 3, 20);
  EXPECT_TRUE(is_close(y, nchw_to_nhwc(x), {0, 0}));
}

TEST(Naive, SoftmaxCrossEntropy) {
  const Tensor x = random_input({9, 10}), loss = Tensor::empty({9}, DType::f32);
  const Tensor labels = Tensor::from(std::vector<int64_t>{0, 9, 3, 4, 5, 1, 2, 8, 7}, {9});
  naive::softmax_xent(kGpu, x.data<float>(), labels.data<int64_t>(), loss.data<float>(), 9, 10);
  EXPECT_TRUE(is_close(loss, cross_entropy_per_row(x, labels), kTolerance));
}

TEST(Naive, MaxPool) {
  const Tensor x = random_input({2, 7, 6, 5}), y = Tensor::empty({2, 4, 3, 5}, DType::f32);
  naive::max_pool(kGpu, x.data<float>(), y.data<float>(), 2, 7, 6, 5);
  EXPECT_TRUE(is_close(y, max_pool2d(x, {.kernel = 3, .stride = 2, .pad = 1}), {0, 0}));
}

}  // namespace
}  // namespace cudenza::testing
