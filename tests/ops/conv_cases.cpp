#include "engine/ops/conv.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

std::vector<Input> inputs_of(const Shape& x, const Shape& w, bool bias, bool x_is_picture) {
  std::vector<Input> inputs{{.shape = x, .differentiable = !x_is_picture}, {.shape = w}};
  if (bias) inputs.push_back({.shape = {w[0]}, .accumulator = true});
  return inputs;
}

struct Variant {
  std::string name;
  Shape x, w;
  Conv2dSpec spec = {};
  bool bias = false;
  Shape bench_x = {}, bench_w = {};
  Shape special_x = {}, special_w = {};
  bool x_is_picture = false;  ///< the first layer: x gets no gradient
};

Shape output_of(const Shape& x, const Shape& w, const Conv2dSpec& spec) {
  return {x[0], (x[1] + 2 * spec.pad - w[1]) / spec.stride + 1, (x[2] + 2 * spec.pad - w[2]) / spec.stride + 1, w[0]};
}

/// conv2d_act with a ReLU and, if asked, a residual.
OpCase conv_act(Variant v, bool residual) {
  OpCase c{.name = "conv2d_act/" + v.name,
           .inputs = inputs_of(v.x, v.w, v.bias, false),
           .run = [spec = v.spec, bias = v.bias, residual](const Inputs& in) {
             return Inputs{conv2d_act(in[0], in[1], spec, bias ? in[2] : Tensor(), true, residual ? in.back() : Tensor())};
           }};
  if (residual) c.inputs.push_back({.shape = output_of(v.x, v.w, v.spec)});
  if (v.bench_x.rank() == 0) return c;
  c.bench = inputs_of(v.bench_x, v.bench_w, v.bias, false);
  if (residual) c.bench.push_back({.shape = output_of(v.bench_x, v.bench_w, v.spec)});
  return c;
}

OpCase conv(Variant v) {
  OpCase c{.name = "conv2d/" + v.name,
           .inputs = inputs_of(v.x, v.w, v.bias, v.x_is_picture),
           .run = [spec = v.spec, bias = v.bias](const Inputs& in) {
             return Inputs{conv2d(in[0], in[1], spec, bias ? in[2] : Tensor())};
           }};
  if (v.special_x.rank() > 0) c.special = {inputs_of(v.special_x, v.special_w, v.bias, v.x_is_picture)};
  if (v.bench_x.rank() == 0) return c;
  c.bench = inputs_of(v.bench_x, v.bench_w, v.bias, v.x_is_picture);
  c.cost = [spec = v.spec, gradients = v.x_is_picture ? 1 : 2](const std::vector<Input>& in, DType dtype) {
    const Shape &x = in[0].shape, &w = in[1].shape;
    const ConvShape s{.dtype = dtype,
                      .batch = x[0],
                      .height = x[1],
                      .width = x[2],
                      .in_channels = x[3],
                      .out_channels = w[0],
                      .kernel_h = w[1],
                      .kernel_w = w[2],
                      .stride = spec.stride,
                      .pad = spec.pad};
    return Cost{.forward_flops = s.flops(), .backward_flops = gradients * s.flops()};
  };
  return c;
}

}  // namespace

std::vector<OpCase> conv_cases() {
  return {
      conv({.name = "k1", .x = {2, 3, 4, 5}, .w = {6, 1, 1, 5}, .bench_x = {8, 56, 56, 256}, .bench_w = {64, 1, 1, 256}}),
      conv({.name = "k1_s2",
            .x = {2, 5, 4, 8},
            .w = {3, 1, 1, 8},
            .spec = {.stride = 2},
            .bench_x = {8, 56, 56, 256},
            .bench_w = {512, 1, 1, 256}}),
      conv({.name = "k3_p1",
            .x = {2, 5, 4, 3},
            .w = {5, 3, 3, 3},
            .spec = {.pad = 1},
            .bench_x = {8, 56, 56, 64},
            .bench_w = {64, 3, 3, 64}}),
      conv({.name = "k3_p1_whole_packs",
            .x = {1, 4, 3, 8},
            .w = {8, 3, 3, 8},
            .spec = {.pad = 1},
            .bench_x = {8, 14, 14, 256},
            .bench_w = {256, 3, 3, 256},
            .special_x = {2, 17, 16, 32},  // Winograd's
            .special_w = {48, 3, 3, 32}}),
      conv({.name = "k3_s2_p1",
            .x = {2, 5, 6, 4},
            .w = {3, 3, 3, 4},
            .spec = {.stride = 2, .pad = 1},
            .bench_x = {8, 56, 56, 128},
            .bench_w = {128, 3, 3, 128},
            .special_x = {2, 17, 16, 33},
            .special_w = {40, 3, 3, 33}}),
      conv({.name = "k3_p1_bias",
            .x = {2, 3, 4, 5},
            .w = {4, 3, 3, 5},
            .spec = {.pad = 1},
            .bias = true,
            .bench_x = {8, 112, 112, 128},
            .bench_w = {128, 3, 3, 128}}),
      conv({.name = "k5_p2_bias",
            .x = {1, 5, 6, 4},
            .w = {3, 5, 5, 4},
            .spec = {.pad = 2},
            .bias = true,
            .bench_x = {8, 27, 27, 64},
            .bench_w = {192, 5, 5, 64},
            .special_x = {2, 17, 16, 32},  // Winograd's
            .special_w = {16, 5, 5, 32}}),
      conv({.name = "k7_s2_p3", .x = {1, 9, 8, 3}, .w = {2, 7, 7, 3}, .spec = {.stride = 2, .pad = 3}}),
      conv({.name = "k7_s2_p3_stem",
            .x = {1, 9, 8, 3},
            .w = {2, 7, 7, 3},
            .spec = {.stride = 2, .pad = 3},
            .bench_x = {8, 224, 224, 3},
            .bench_w = {64, 7, 7, 3},
            .x_is_picture = true}),
      conv({.name = "k11_s4_p2_bias", .x = {1, 13, 12, 3}, .w = {2, 11, 11, 3}, .spec = {.stride = 4, .pad = 2}, .bias = true}),
      // One channel, a filter wider than high, a window that leaves columns over, and one that lies in the padding alone.
      conv({.name = "k2x3_s3_p1_one_channel", .x = {2, 6, 7, 1}, .w = {3, 2, 3, 1}, .spec = {.stride = 3, .pad = 1}}),
      conv_act({.name = "k3_p1_bias",
                .x = {2, 3, 4, 8},
                .w = {8, 3, 3, 8},
                .spec = {.pad = 1},
                .bias = true,
                .bench_x = {8, 112, 112, 128},
                .bench_w = {128, 3, 3, 128}},
               false),
      conv_act(
          {.name = "k3_s2_p1_bias_residual", .x = {2, 5, 4, 3}, .w = {5, 3, 3, 3}, .spec = {.stride = 2, .pad = 1}, .bias = true},
          true),
      conv_act({.name = "k1_residual", .x = {2, 3, 3, 4}, .w = {6, 1, 1, 4}}, true),
      conv({.name = "k1_p1_border_of_zeros", .x = {1, 2, 3, 2}, .w = {2, 1, 1, 2}, .spec = {.pad = 1}, .bias = true}),
  };
}

}  // namespace cudenza::testing
