/// conv_gpu() on a GPU against the reference loops on the CPU.
#include <gtest/gtest.h>

#include "engine/core/gpu.h"
#include "engine/libraries/conv.h"
#include "engine/libraries/math_mode.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::f16};

ConvShape conv(int64_t size, int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad) {
  return {.batch = 2,
          .height = size,
          .width = size + 1,
          .in_channels = in,
          .out_channels = out,
          .kernel_h = kernel,
          .kernel_w = kernel,
          .stride = stride,
          .pad = pad};
}
/// 3x3, 1x1 with a stride that leaves a rest, a stem, odd channels, and AlexNet's first.
const ConvShape kShapes[] = {conv(10, 8, 16, 3, 1, 1), conv(9, 16, 8, 1, 2, 0), conv(16, 3, 8, 7, 2, 3), conv(7, 5, 7, 3, 2, 1),
                             conv(23, 3, 64, 11, 4, 2)};

Shape x_shape(const ConvShape& s) { return {s.batch, s.height, s.width, s.in_channels}; }
Shape w_shape(const ConvShape& s) { return {s.out_channels, s.kernel_h, s.kernel_w, s.in_channels}; }
Shape y_shape(const ConvShape& s) { return {s.batch, s.out_height(), s.out_width(), s.out_channels}; }

class CudnnConv : public ::testing::Test {
 protected:
  void SetUp() override { CUDENZA_NEEDS_GPU(); }
  const ExactMath exact_;
};

/// Calls f(arrays on the CPU, reference) and f(the same on the GPU, cuDNN) and holds the results together.
template <class F> void expect_same(const std::vector<Tensor>& inputs, const Shape& result, DType dtype, F f) {
  const Tensor expected = Tensor::empty(result, dtype), y = Tensor::empty(result, dtype, Device::cuda());
  f(conv_reference(), inputs, expected);
  f(conv_gpu(0), moved(inputs, Device::cuda()), y);
  EXPECT_TRUE(is_close(y.to(Device::cpu()), expected, kernel_against_cpu(dtype)));
}

TEST_F(CudnnConv, ForwardWithEveryEpilogue) {
  for (ConvShape s : kShapes) {
    for (const DType dtype : kTypes) {
      s.dtype = dtype;
      const auto inputs =
          make_inputs({{x_shape(s)}, {w_shape(s)}, {{s.out_channels}, Fill::normal, true, true}, {y_shape(s)}}, dtype);
      for (int parts = 0; parts < 8; ++parts) {
        SCOPED_TRACE(fmt::format("{} {} to {} channels, epilogue {}", dtype, s.in_channels, s.out_channels, parts));
        expect_same(inputs, y_shape(s), dtype, [&](const ConvBackend& backend, const std::vector<Tensor>& in, const Tensor& y) {
          const ConvEpilogue epilogue{
              .bias = parts & 1 ? in[2].raw() : nullptr, .residual = parts & 2 ? in[3].raw() : nullptr, .relu = (parts & 4) != 0};
          backend.forward(s, in[0].raw(), in[1].raw(), y.raw(), epilogue);
        });
      }
    }
  }
}

TEST_F(CudnnConv, BackwardDataAndWeights) {
  for (ConvShape s : kShapes) {
    for (const DType dtype : kTypes) {
      SCOPED_TRACE(fmt::format("{} {} to {} channels", dtype, s.in_channels, s.out_channels));
      s.dtype = dtype;
      const auto inputs = make_inputs({{x_shape(s)}, {w_shape(s)}, {y_shape(s)}}, dtype);
      expect_same(inputs, x_shape(s), dtype, [&](const ConvBackend& backend, const std::vector<Tensor>& in, const Tensor& dx) {
        backend.backward_data(s, in[2].raw(), in[1].raw(), dx.raw());
      });
      expect_same(inputs, w_shape(s), dtype, [&](const ConvBackend& backend, const std::vector<Tensor>& in, const Tensor& dw) {
        backend.backward_weights(s, in[0].raw(), in[2].raw(), dw.raw());
      });
    }
  }
}

// Parameters are slices of one flat buffer: a filter may begin anywhere.
TEST_F(CudnnConv, ArraysNeedNoMoreAlignmentThanTheirElements) {
  ConvShape s = kShapes[0];
  s.dtype = DType::f16;
  const auto inputs = make_inputs({{x_shape(s)}, {{w_shape(s).numel() + 1}}}, s.dtype);
  expect_same(inputs, y_shape(s), s.dtype, [&](const ConvBackend& backend, const std::vector<Tensor>& in, const Tensor& y) {
    backend.forward(s, in[0].raw(), in[1].slice(1, w_shape(s)).raw(), y.raw());
  });
}

TEST_F(CudnnConv, ExactMathRepeatsBitForBit) {
  ConvShape s = kShapes[0];
  s.dtype = DType::bf16;
  const auto inputs = moved(make_inputs({{x_shape(s)}, {y_shape(s)}}, s.dtype), Device::cuda());
  const auto gradient = [&] {
    const Tensor dw = Tensor::empty(w_shape(s), s.dtype, Device::cuda());
    conv_gpu(0).backward_weights(s, inputs[0].raw(), inputs[1].raw(), dw.raw());
    return dw.to_vector<float>();
  };
  EXPECT_EQ(gradient(), gradient());
}

TEST_F(CudnnConv, TrialsChangeTheEngineNotTheResult) {
  MathMode mode = math_mode();
  mode.autotune = true;
  set_math_mode(mode);
  ConvShape s = kShapes[0];
  s.dtype = DType::bf16;
  const auto inputs = make_inputs({{x_shape(s)}, {w_shape(s)}}, s.dtype);
  expect_same(inputs, y_shape(s), s.dtype, [&](const ConvBackend& backend, const std::vector<Tensor>& in, const Tensor& y) {
    backend.forward(s, in[0].raw(), in[1].raw(), y.raw());
  });
}

TEST_F(CudnnConv, StatisticsAreThoseOfTheResult) {
  ConvShape s = kShapes[0];
  s.dtype = DType::f16;
  const auto in = moved(make_inputs({{x_shape(s)}, {w_shape(s)}}, s.dtype), Device::cuda());
  const Tensor y = Tensor::empty(y_shape(s), s.dtype, Device::cuda());
  const Tensor sum = Tensor::empty({s.out_channels}, DType::f32, Device::cuda()),
               squares = Tensor::empty({s.out_channels}, DType::f32, Device::cuda());
  if (!conv_gpu(0).forward_with_stats(s, in[0].raw(), in[1].raw(), y.raw(), sum.data<float>(), squares.data<float>())) {
    GTEST_SKIP() << "this card has no such engine";
  }
  const auto elements = y.to_vector<double>();
  const Tensor expected_sum = Tensor::zeros({s.out_channels}, DType::f32),
               expected_squares = Tensor::zeros({s.out_channels}, DType::f32);
  for (size_t i = 0; i < elements.size(); ++i) {
    expected_sum.span<float>()[i % s.out_channels] += static_cast<float>(elements[i]);
    expected_squares.span<float>()[i % s.out_channels] += static_cast<float>(elements[i] * elements[i]);
  }
  // The sums may be taken before y is rounded: held as f16.
  EXPECT_TRUE(is_close(sum.to(Device::cpu()), expected_sum, kernel_against_cpu(DType::f16)));
  EXPECT_TRUE(is_close(squares.to(Device::cpu()), expected_squares, kernel_against_cpu(DType::f16)));
}

TEST(CudnnConvWithoutGpu, SaysWhatItServes) {
  ConvShape s = kShapes[0];
  for (const DType dtype : kTypes) {
    s.dtype = dtype;
    EXPECT_TRUE(conv_gpu(0).supports(s));
  }
  s.dtype = DType::f64;
  EXPECT_FALSE(conv_gpu(0).supports(s));
  EXPECT_EQ(conv_gpu(0).name(), "cudnn");
}

}  // namespace
}  // namespace cudenza::testing
