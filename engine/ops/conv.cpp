#include "engine/ops/conv.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/ops/reduce.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

std::string channel_remedy(int64_t has, int64_t wanted) {
  if (has == 1) return fmt::format("repeat the spectrogram to {} channels", wanted);
  return "x is [N,H,W,C] and w [K,R,S,C], channels last in both";
}

/// Whether the bias is what bias_for_library() made.
bool is_rounded(const Tensor& x, const Tensor& bias) {
  return bias.defined() && bias.dtype() == x.dtype() && x.device().is_cuda() && !bias.tracks_grad() && size_of(x.dtype()) == 2;
}

void check_bias(std::string_view op, const Tensor& x, int64_t filters, const Tensor& bias) {
  if (!bias.defined() || (is_rounded(x, bias) && bias.shape() == Shape{filters})) return;
  const DType wanted = accumulator_of(x.dtype());
  require(bias.shape() == Shape{filters} && bias.dtype() == wanted && bias.device() == x.device(),
          "{}: the bias is {} {} on {}; with {} x on {} and {} filters it must be {} [{}] there", op, bias.dtype(), bias.shape(),
          bias.device(), x.dtype(), x.device(), filters, wanted, filters);
}

void check_residual(std::string_view op, const ConvShape& s, const Tensor& x, const Tensor& residual) {
  const Shape wanted{s.batch, s.out_height(), s.out_width(), s.out_channels};
  require(!residual.defined() || (residual.shape() == wanted && residual.dtype() == x.dtype() && residual.device() == x.device()),
          "{}: the residual {} {} on {} cannot be added to {} {} on {}; project it to that shape and type first", op,
          residual.defined() ? name_of(residual.dtype()) : "", residual.defined() ? residual.shape() : Shape{},
          residual.defined() ? residual.device() : x.device(), x.dtype(), wanted, x.device());
}

/// The ReLU's gradient: dy where y > 0, else 0.
Tensor through_relu(const Tensor& y, const Tensor& dy) {
  const Tensor d = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
  dispatch_kernel("conv2d_act", dy.device(), dy.dtype(), [&]<class T>(auto where) {
    kernels::map2(where, kernels::ReluGrad{}, y.data<T>(), dy.data<T>(), d.data<T>(), dy.numel());
  });
  return d;
}

Tensor empty_result(const ConvShape& s, const Tensor& x) {
  return Tensor::empty({s.batch, s.out_height(), s.out_width(), s.out_channels}, x.dtype(), x.device());
}

const void* raw_or_null(const Tensor& t) { return t.defined() ? t.raw() : nullptr; }

Tensor convolved(std::string_view op, const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias, bool relu,
                 const Tensor& residual) {
  const ConvShape s = conv_shape(op, x, w, spec, bias);
  check_residual(op, s, x, residual);
  const ConvBackend& backend = conv_backend(x.device(), s);
  const Tensor y = empty_result(s, x);
  const ConvEpilogue epilogue{
      .bias = raw_or_null(bias), .residual = raw_or_null(residual), .relu = relu, .bias_is_rounded = is_rounded(x, bias)};
  backend.forward(s, x.raw(), w.raw(), y.raw(), epilogue);

  const bool wants_x = x.tracks_grad(), wants_w = w.tracks_grad(), wants_bias = bias.defined() && bias.tracks_grad(),
             wants_residual = residual.defined() && residual.tracks_grad();
  return record(op, y, {x, w, bias, residual},
                [s, &backend, wants_bias, wants_residual, y = relu ? y.detach() : Tensor(), x = wants_w ? x.detach() : Tensor(),
                 w = wants_x ? w.detach() : Tensor(), x_shape = x.shape(), w_shape = w.shape()](const Tensor& dy) {
                  const Tensor d = y.defined() ? through_relu(y, dy) : dy;
                  std::vector<Tensor> gradients(4);
                  if (w.defined()) {
                    gradients[0] = Tensor::empty(x_shape, d.dtype(), d.device());
                    backend.backward_data(s, d.raw(), w.raw(), gradients[0].raw());
                  }
                  if (x.defined()) {
                    gradients[1] = Tensor::empty(w_shape, d.dtype(), d.device());
                    backend.backward_weights(s, x.raw(), d.raw(), gradients[1].raw());
                  }
                  if (wants_bias) gradients[2] = sum_rows(d);
                  if (wants_residual) gradients[3] = d;
                  return gradients;
                });
}

}  // namespace

ConvShape conv_shape(std::string_view op, const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias) {
  require(is_floating(x.dtype()) && x.dtype() == w.dtype(), "{}: x is {} but w is {}; cast() {}", op, x.dtype(), w.dtype(),
          x.dtype() == w.dtype() ? "both to a floating type" : "one to the other");
  require(x.device() == w.device(), "{}: x is on {} but w on {}; move one with to()", op, x.device(), w.device());
  return conv_shape(op, x, w.shape(), spec, bias);
}

ConvShape conv_shape(std::string_view op, const Tensor& x, const Shape& w, const Conv2dSpec& spec, const Tensor& bias) {
  require(x.shape().rank() == 4, "{}: x is {} but must be a batch of pictures [N,H,W,C]", op, x.shape());
  require(w.rank() == 4, "{}: w is {} but must be filters [K,R,S,C]", op, w);
  require(x.size(3) == w[3], "{}: x has {} channel{} but w expects {} (x {}, w {}); {}.", op, x.size(3),
          x.size(3) == 1 ? "" : "s", w[3], x.shape(), w, channel_remedy(x.size(3), w[3]));
  require(x.numel() > 0 && w.numel() > 0, "{}: x {} or w {} is empty", op, x.shape(), w);
  require(spec.stride >= 1 && spec.pad >= 0, "{}: stride is {} and pad {}; stride must be at least 1 and pad at least 0", op,
          spec.stride, spec.pad);
  require(x.size(1) + 2 * spec.pad >= w[1] && x.size(2) + 2 * spec.pad >= w[2],
          "{}: the filter is larger than the padded picture (x {}, w {}, pad {}); use larger pictures or more padding", op,
          x.shape(), w, spec.pad);
  check_bias(op, x, w[0], bias);
  return {.dtype = x.dtype(),
          .batch = x.size(0),
          .height = x.size(1),
          .width = x.size(2),
          .in_channels = x.size(3),
          .out_channels = w[0],
          .kernel_h = w[1],
          .kernel_w = w[2],
          .stride = spec.stride,
          .pad = spec.pad};
}

Tensor bias_for_library(const Tensor& bias, DType of_arrays) {
  const bool rounds = bias.device().is_cuda() && size_of(of_arrays) == 2;
  return rounds ? bias.detach().to(of_arrays) : bias;
}

Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias) {
  return convolved("conv2d", x, w, spec, bias, false, {});
}

Tensor conv2d_act(const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias, bool relu,
                  const Tensor& residual) {
  return convolved("conv2d_act", x, w, spec, bias, relu, residual);
}

Tensor conv2d_packed(const Tensor& x, const PackedConv& w, const Conv2dSpec& spec, const Tensor& bias, bool relu,
                     const Tensor& residual) {
  const ConvShape s = conv_shape("conv2d_packed", x, w.w(), spec, bias);
  require(x.device().is_cpu() && x.dtype() == w.dtype(),
          "conv2d_packed: x is {} on {}, but the filters are packed for {} on a CPU; use conv2d_act()", x.dtype(), x.device(),
          w.dtype());
  check_residual("conv2d_packed", s, x, residual);
  const Tensor y = empty_result(s, x);
  w.forward(s, x.raw(), y.raw(), {.bias = raw_or_null(bias), .residual = raw_or_null(residual), .relu = relu});
  return y;
}

}  // namespace cudenza
