#include "engine/ops/conv_bn_act.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

struct Variant {
  bool training = true, relu = true, residual = false;
  Conv2dSpec conv = {};
};

Shape output_of(const Shape& x, const Shape& w, const Conv2dSpec& conv) {
  return {x[0], (x[1] + 2 * conv.pad - w[1]) / conv.stride + 1, (x[2] + 2 * conv.pad - w[2]) / conv.stride + 1, w[0]};
}

/// Inputs: x, w, gamma, beta and, if the variant has one, the residual.
std::vector<Input> inputs_of(const Shape& x, const Shape& w, const Variant& variant) {
  std::vector<Input> inputs{{.shape = x},
                            {.shape = w},
                            {.shape = {w[0]}, .fill = Fill::positive, .accumulator = true},
                            {.shape = {w[0]}, .accumulator = true}};
  if (variant.residual) inputs.push_back({.shape = output_of(x, w, variant.conv)});
  return inputs;
}

Inputs run(const Inputs& in, const Variant& variant) {
  const DType accumulator = in[2].dtype();
  const BatchNormState state{.gamma = in[2],
                             .beta = in[3],
                             .running_mean = Tensor::full(in[2].shape(), 0.25, accumulator, in[0].device()),
                             .running_var = Tensor::full(in[2].shape(), 2, accumulator, in[0].device())};
  const Tensor y =
      conv_bn_act(in[0], in[1], variant.conv, state, variant.training, variant.relu, variant.residual ? in[4] : Tensor());
  return variant.training ? Inputs{y, state.running_mean, state.running_var} : Inputs{y};
}

/// The convolution's FLOPs; x, w and y once for it, and batch norm's passes over its output.
Cost cost_of(const std::vector<Input>& inputs, DType dtype, const Variant& variant) {
  const Shape &x = inputs[0].shape, &w = inputs[1].shape, y = output_of(x, w, variant.conv);
  const double element = static_cast<double>(size_of(dtype)), in = element * static_cast<double>(x.numel() + w.numel()),
               out = element * static_cast<double>(y.numel());
  const double flops = 2.0 * static_cast<double>(y.numel()) * static_cast<double>(w.numel() / w[0]),
               residual = variant.residual ? 1 : 0;
  return {.forward = {.read = in + ((variant.training ? 2 : 0) + residual) * out, .written = (variant.training ? 2 : 1) * out},
          .backward = {.read = in + 6 * out, .written = in + (1 + residual) * out},
          .forward_flops = flops,
          .backward_flops = 2 * flops};
}

OpCase conv_bn_act_case(std::string name, const Shape& x, const Shape& w, const Variant& variant) {
  return {.name = "conv_bn_act/" + std::move(name), .inputs = inputs_of(x, w, variant), .run = [variant](const Inputs& in) {
            return run(in, variant);
          }};
}

OpCase with_bench(OpCase op_case, const Shape& x, const Shape& w, const Variant& variant) {
  op_case.bench = inputs_of(x, w, variant);
  op_case.cost = [variant](const std::vector<Input>& inputs, DType dtype) { return cost_of(inputs, dtype, variant); };
  return op_case;
}

}  // namespace

std::vector<OpCase> conv_bn_act_cases() {
  const Variant same{.conv = {.pad = 1}}, shortcut{.residual = true}, half{.residual = true, .conv = {.stride = 2, .pad = 1}};
  const Variant linear{.relu = false}, inference{.training = false, .residual = true, .conv = {.pad = 1}};
  OpCase folded = conv_bn_act_case("inference_folded", {2, 4, 4, 3}, {8, 3, 3, 3}, inference);
  folded.has_gradient = false;  // nothing tracks one, so the batch norm is folded into w
  return {
      with_bench(conv_bn_act_case("k3_pad1", {2, 4, 4, 3}, {8, 3, 3, 3}, same), {32, 56, 56, 64}, {64, 3, 3, 64}, same),
      with_bench(conv_bn_act_case("k1_residual", {2, 3, 3, 8}, {8, 1, 1, 8}, shortcut), {32, 56, 56, 64}, {256, 1, 1, 64},
                 shortcut),
      conv_bn_act_case("k3_stride2_pad1_residual", {2, 5, 4, 3}, {5, 3, 3, 3}, half),
      conv_bn_act_case("k1_no_relu", {3, 2, 2, 4}, {6, 1, 1, 4}, linear),
      conv_bn_act_case("inference_with_gradients", {2, 4, 4, 3}, {8, 3, 3, 3}, inference),
      with_bench(folded, {32, 56, 56, 64}, {64, 3, 3, 64}, inference),
  };
}

}  // namespace cudenza::testing
