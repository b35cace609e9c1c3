/// A strided convolution over a picture's channels is the one over blocks that conv_in_depth() makes of it.
#include "engine/libraries/conv_in_depth.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

ConvShape conv(int64_t height, int64_t width, int64_t channels, int64_t kernel, int64_t stride, int64_t pad) {
  return {.dtype = DType::f16,
          .batch = 2,
          .height = height,
          .width = width,
          .in_channels = channels,
          .out_channels = 5,
          .kernel_h = kernel,
          .kernel_w = kernel,
          .stride = stride,
          .pad = pad};
}

/// ResNet's, ResNet-RS's and AlexNet's first convolutions on pictures that leave a rest or none; an even padding; one channel.
const ConvShape kShapes[] = {conv(16, 18, 3, 7, 2, 3),  conv(15, 17, 3, 7, 2, 3), conv(12, 11, 3, 3, 2, 1),
                             conv(23, 31, 3, 11, 4, 2), conv(11, 14, 3, 5, 2, 2), conv(14, 13, 1, 7, 2, 3),
                             conv(23, 21, 1, 11, 4, 0)};

Tensor in_blocks(const kernels::DepthShape& shape, const Tensor& x) {
  const Tensor y = Tensor::empty({shape.batch, shape.out_height, shape.out_width, shape.out_channels()}, x.dtype());
  kernels::space_to_depth(kernels::Cpu{}, shape, x.data<f16>(), y.data<f16>());
  return y;
}

Shape shape_of(const ConvShape& s, bool of_x) {
  return of_x ? Shape{s.batch, s.height, s.width, s.in_channels} : Shape{s.out_channels, s.kernel_h, s.kernel_w, s.in_channels};
}

TEST(ConvInDepth, IsTheSameConvolution) {
  for (const ConvShape& s : kShapes) {
    SCOPED_TRACE(s.text());
    const auto in_depth = conv_in_depth(s);
    ASSERT_TRUE(in_depth);
    EXPECT_EQ(in_depth->shape.out_height(), s.out_height());
    EXPECT_EQ(in_depth->shape.out_width(), s.out_width());
    EXPECT_EQ(in_depth->shape.in_channels % 8, 0);
    const Shape y_shape{s.batch, s.out_height(), s.out_width(), s.out_channels};
    const auto in = make_inputs({{shape_of(s, true)}, {shape_of(s, false)}, {y_shape}}, s.dtype);
    const Tensor x2 = in_blocks(in_depth->x, in[0]), w2 = in_blocks(in_depth->w, in[1]);
    const Tensor expected = Tensor::empty(y_shape, s.dtype), y = Tensor::empty(y_shape, s.dtype);
    conv_reference().forward(s, in[0].raw(), in[1].raw(), expected.raw(), {});
    conv_reference().forward(in_depth->shape, x2.raw(), w2.raw(), y.raw(), {});
    EXPECT_TRUE(is_close(y, expected, kernel_against_cpu(s.dtype)));

    const Tensor dw = Tensor::empty(in[1].shape(), s.dtype), expected_dw = Tensor::empty(in[1].shape(), s.dtype);
    const Tensor dw2 = Tensor::empty(shape_of(in_depth->shape, false), s.dtype);
    conv_reference().backward_weights(s, in[0].raw(), in[2].raw(), expected_dw.raw());
    conv_reference().backward_weights(in_depth->shape, x2.raw(), in[2].raw(), dw2.raw());
    kernels::depth_to_space(kernels::Cpu{}, in_depth->w, dw2.data<f16>(), dw.data<f16>());
    EXPECT_TRUE(is_close(dw, expected_dw, kernel_against_cpu(s.dtype)));
  }
}

TEST(ConvInDepth, IsForStridesOverFewChannelsIn16Bits) {
  ConvShape s = conv(16, 16, 3, 7, 2, 3);
  s.dtype = DType::f32;
  EXPECT_FALSE(conv_in_depth(s));
  EXPECT_FALSE(conv_in_depth(conv(16, 16, 3, 3, 1, 1)));
  EXPECT_FALSE(conv_in_depth(conv(16, 16, 3, 2, 2, 0)));  // its filters are one block
  EXPECT_FALSE(conv_in_depth(conv(16, 16, 8, 7, 2, 3)));
}

}  // namespace
}  // namespace cudenza::testing
