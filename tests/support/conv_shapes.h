/// Shapes and operands of convolutions, for what is held to the reference loops.
#pragma once
#include <vector>

#include "engine/libraries/conv.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {

inline Input normal(const Shape& shape) { return {.shape = shape}; }

/// x, w, something like y, and a bias, of N(0, 1).
struct ConvOperands {
  Tensor x, w, y, bias;
  ConvOperands() = default;
  explicit ConvOperands(const ConvShape& s) {
    const auto made = make_inputs({normal({s.batch, s.height, s.width, s.in_channels}),
                                   normal({s.out_channels, s.kernel_h, s.kernel_w, s.in_channels}),
                                   normal({s.batch, s.out_height(), s.out_width(), s.out_channels}),
                                   {.shape = {s.out_channels}, .accumulator = true}},
                                  s.dtype);
    x = made[0], w = made[1], y = made[2], bias = made[3];
  }

  ConvOperands to(DType t) const {
    ConvOperands other;
    other.x = x.to(t), other.w = w.to(t), other.y = y.to(t);
    other.bias = bias.to(t == DType::f64 ? t : bias.dtype());
    return other;
  }
};

inline Tensor like(const Tensor& t) { return Tensor::empty(t.shape(), t.dtype()); }

/// The shapes of the networks' layers on small pictures, and such as suit no vector.
inline std::vector<ConvShape> shapes_of_layers() {
  return {
      {.batch = 2, .height = 9, .width = 7, .in_channels = 64, .out_channels = 32, .kernel_h = 1, .kernel_w = 1},
      {.batch = 2, .height = 9, .width = 8, .in_channels = 32, .out_channels = 64, .kernel_h = 1, .kernel_w = 1, .stride = 2},
      {.batch = 3, .height = 8, .width = 9, .in_channels = 32, .out_channels = 48, .kernel_h = 3, .kernel_w = 3, .pad = 1},
      {.batch = 2,
       .height = 9,
       .width = 8,
       .in_channels = 64,
       .out_channels = 64,
       .kernel_h = 3,
       .kernel_w = 3,
       .stride = 2,
       .pad = 1},
      {.batch = 1,
       .height = 20,
       .width = 21,
       .in_channels = 3,
       .out_channels = 64,
       .kernel_h = 7,
       .kernel_w = 7,
       .stride = 2,
       .pad = 3},
      {.batch = 1,
       .height = 31,
       .width = 27,
       .in_channels = 3,
       .out_channels = 64,
       .kernel_h = 11,
       .kernel_w = 11,
       .stride = 4,
       .pad = 2},
      {.batch = 2, .height = 9, .width = 9, .in_channels = 16, .out_channels = 48, .kernel_h = 5, .kernel_w = 5, .pad = 2},
      {.batch = 2,
       .height = 16,
       .width = 16,
       .in_channels = 3,
       .out_channels = 32,
       .kernel_h = 3,
       .kernel_w = 3,
       .stride = 2,
       .pad = 1},
      {.batch = 2, .height = 7, .width = 5, .in_channels = 13, .out_channels = 21, .kernel_h = 3, .kernel_w = 3, .pad = 1},
      {.batch = 2,
       .height = 6,
       .width = 5,
       .in_channels = 1,
       .out_channels = 5,
       .kernel_h = 2,
       .kernel_w = 3,
       .stride = 3,
       .pad = 1},
      // Channel tails under 1x1 filters: oneDNN 2.6's jit 1x1 kernels crash on the first and get the others' gradients wrong.
      {.batch = 3, .height = 9, .width = 27, .in_channels = 8, .out_channels = 8, .kernel_h = 1, .kernel_w = 1, .stride = 3},
      {.batch = 3, .height = 12, .width = 10, .in_channels = 1, .out_channels = 1, .kernel_h = 1, .kernel_w = 1, .stride = 2},
      {.batch = 3, .height = 5, .width = 30, .in_channels = 2, .out_channels = 21, .kernel_h = 1, .kernel_w = 1},
      {.batch = 5, .height = 1, .width = 1, .in_channels = 17, .out_channels = 9, .kernel_h = 1, .kernel_w = 1},
      {.batch = 1, .height = 2, .width = 3, .in_channels = 8, .out_channels = 16, .kernel_h = 1, .kernel_w = 1, .pad = 1},
  };
}

/// Windows that reach over every border, tiles that are not whole, padding from none to all that there can be; channels that make
/// one panel of filters or several, that one core's cache holds or not (kernels/winograd), and unlike numbers of them. One
/// picture of few tiles, and a batch of several blocks.
inline std::vector<ConvShape> shapes_of_winograd() {
  const auto of = [](int64_t batch, int64_t height, int64_t width, int64_t in, int64_t out, int64_t pad, int64_t taps = 3) {
    return ConvShape{.batch = batch,
                     .height = height,
                     .width = width,
                     .in_channels = in,
                     .out_channels = out,
                     .kernel_h = taps,
                     .kernel_w = taps,
                     .pad = pad};
  };
  return {
      of(1, 4, 4, 32, 32, 1),    of(2, 9, 7, 32, 64, 1),     of(1, 3, 5, 64, 32, 0),      of(1, 1, 2, 32, 32, 2),
      of(3, 6, 13, 96, 32, 2),   of(1, 12, 8, 160, 96, 0),   of(5, 17, 16, 32, 32, 1),    of(2, 8, 9, 288, 64, 1),
      of(2, 5, 6, 64, 320, 1),   of(40, 28, 28, 64, 32, 1),  of(2, 9, 7, 64, 32, 2, 5),   of(1, 5, 6, 32, 32, 0, 5),
      of(1, 1, 3, 32, 64, 4, 5), of(3, 8, 5, 160, 96, 1, 5), of(9, 27, 27, 32, 64, 2, 5),
  };
}

}  // namespace cudenza::testing
