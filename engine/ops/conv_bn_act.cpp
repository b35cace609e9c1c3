#include "engine/ops/conv_bn_act.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/ops/batch_norm_pass.h"
#include "kernels/batch_norm/batch_norm.h"

namespace cudenza {
namespace {

bool tracks(const Tensor& t) { return t.defined() && t.tracks_grad(); }

/// Inference in one call of the library: w is scaled by the batch norm; its shift, the residual and the ReLU are the epilogue.
Tensor folded(const ConvShape& shape, const Tensor& x, const Tensor& w, const BatchNormState& state, bool relu,
              const Tensor& residual, const Tensor& y) {
  const FoldedConv conv = fold_batch_norm(w, state);
  const ConvEpilogue epilogue{.bias = conv.bias.raw(), .residual = residual.defined() ? residual.raw() : nullptr, .relu = relu};
  conv_backend(x.device(), shape).forward(shape, x.raw(), conv.w.raw(), y.raw(), epilogue);
  return y;
}

/// u = conv(x, w), and in the same pass the sums of u and of u² for the batch norm behind it, [2, channels]. Undefined, with
/// nothing computed, if the library has no such kernel.
Tensor convolved_with_sums(const ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& u) {
  if (accumulator_of(shape.dtype) != DType::f32) return {};
  const Tensor sums = Tensor::empty({2, shape.out_channels}, DType::f32, x.device());
  float* const first = sums.data<float>();
  const ConvBackend& conv = conv_backend(x.device(), shape);
  return conv.forward_with_stats(shape, x.raw(), w.raw(), u.raw(), first, first + shape.out_channels) ? sums : Tensor();
}

}  // namespace

Tensor conv_bn_act(const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const BatchNormState& state, bool training,
                   bool relu, const Tensor& residual) {
  const ConvShape shape = conv_shape("conv_bn_act", x, w, spec);
  const Tensor u = Tensor::empty({shape.batch, shape.out_height(), shape.out_width(), shape.out_channels}, x.dtype(), x.device());
  check_batch_norm("conv_bn_act", u, state, training, residual);
  const bool wants_x = tracks(x), wants_w = tracks(w);
  const BatchNormWants wants{wants_x || wants_w, tracks(state.gamma), tracks(state.beta), tracks(residual)};
  if (!training && !wants.any()) return folded(shape, x, w, state, relu, residual, u);

  const Tensor sums = training ? convolved_with_sums(shape, x, w, u) : Tensor();
  if (!sums.defined()) conv_backend(x.device(), shape).forward(shape, x.raw(), w.raw(), u.raw());
  BatchNormSaved saved;
  const Tensor y = batch_norm_forward(u, state, training, relu, residual, wants, saved, sums);
  return record_adding("conv_bn_act", y, {x, w, state.gamma, state.beta, residual},
                       [shape, device = x.device(), x_shape = x.shape(), w_shape = w.shape(), x = wants_w ? x.detach() : Tensor(),
                        w = wants_x ? w.detach() : Tensor(), saved = std::move(saved)](const Tensor& dy, const Tensor& more) {
                         const auto [du, dgamma, dbeta, dresidual] = batch_norm_backward(dy, more, saved);
                         const ConvBackend& conv = conv_backend(device, shape);
                         Tensor dx, dw;
                         if (x.defined()) {
                           dw = Tensor::empty(w_shape, shape.dtype, device);
                           conv.backward_weights(shape, x.raw(), du.raw(), dw.raw());
                         }
                         if (w.defined()) {
                           dx = Tensor::empty(x_shape, shape.dtype, device);
                           conv.backward_data(shape, du.raw(), w.raw(), dx.raw());
                         }
                         return std::vector{dx, dw, dgamma, dbeta, dresidual};
                       });
}

FoldedConv fold_batch_norm(const Tensor& w, const BatchNormState& state) {
  require(w.shape().rank() == 4 && w.numel() > 0, "fold_batch_norm: w must be [K,R,S,C], but it is {}", w.shape());
  const int64_t out_channels = w.shape()[0], fan_in = w.numel() / out_channels;
  const DType accumulator = accumulator_of(w.dtype());
  check_batch_norm_state("fold_batch_norm", state, out_channels, w.dtype(), w.device());
  const Tensor folded_w = Tensor::empty(w.shape(), w.dtype(), w.device());
  const Tensor bias = Tensor::empty({out_channels}, accumulator, w.device()),
               mean = Tensor::empty({out_channels}, accumulator, w.device());
  const Tensor inv_std = Tensor::empty({out_channels}, accumulator, w.device());
  dispatch_kernel("fold_batch_norm", w.device(), w.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    kernels::batch_norm_from_running(where, state.running_mean.data<A>(), state.running_var.data<A>(), out_channels, state.eps,
                                     mean.data<A>(), inv_std.data<A>());
    const kernels::BatchNormChannels<A> channels{state.gamma.data<A>(), state.beta.data<A>(), mean.data<A>(), inv_std.data<A>()};
    kernels::batch_norm_fold(where, w.data<T>(), out_channels, fan_in, channels, folded_w.data<T>(), bias.data<A>());
  });
  return {folded_w, bias};
}

}  // namespace cudenza
