#include "engine/ops/batch_norm_pass.h"

#include "engine/core/dispatch.h"
#include "kernels/batch_norm/batch_norm.h"

namespace cudenza {
namespace {

kernels::BatchNormShape shape_of(const Tensor& x) { return {.rows = x.shape().rows(), .channels = x.shape().channels()}; }

Tensor per_channel(const Tensor& x) { return Tensor::empty({x.shape().channels()}, accumulator_of(x.dtype()), x.device()); }

Tensor workspace_for(const Tensor& x) {
  return Tensor::empty({kernels::batch_norm_workspace(shape_of(x))}, accumulator_of(x.dtype()), x.device());
}

template <class T> T* data_or_null(const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; }

/// mean and inv_std that x is normalised with.
void take_statistics(const Tensor& x, const BatchNormState& state, bool training, const Tensor& mean, const Tensor& inv_std) {
  const Tensor workspace = training ? workspace_for(x) : Tensor();
  dispatch_kernel("batch_norm", x.device(), x.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::RunningStatistics<A> running{state.running_mean.data<A>(), state.running_var.data<A>(), state.momentum};
    if (training) {
      kernels::batch_norm_statistics(where, x.data<T>(), shape_of(x), state.eps, mean.data<A>(), inv_std.data<A>(), running,
                                     workspace.data<A>());
    } else {
      kernels::batch_norm_from_running(where, running.mean, running.variance, x.shape().channels(), state.eps, mean.data<A>(),
                                       inv_std.data<A>());
    }
  });
}

/// dgamma and dbeta, which training's dx needs too.
void reduce_gradients(const Tensor& dy, const BatchNormSaved& saved, const Tensor& dgamma, const Tensor& dbeta) {
  const Tensor workspace = workspace_for(dy);
  dispatch_kernel("batch_norm", dy.device(), dy.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::BatchNormChannels<A> channels{
        .gamma = saved.gamma.data<A>(), .mean = saved.mean.data<A>(), .inv_std = saved.inv_std.data<A>()};
    kernels::batch_norm_backward_reduce(where, dy.data<T>(), saved.x.data<T>(), data_or_null<uint32_t>(saved.mask), shape_of(dy),
                                        channels, dgamma.data<A>(), dbeta.data<A>(), workspace.data<A>());
  });
}

}  // namespace

void check_batch_norm_state(std::string_view op, const BatchNormState& state, int64_t channels, DType dtype, Device device) {
  const DType wanted = accumulator_of(dtype);
  for (const auto& [name, values] : {std::pair{"gamma", state.gamma},
                                     {"beta", state.beta},
                                     {"running_mean", state.running_mean},
                                     {"running_var", state.running_var}}) {
    require(values.defined(), "{}: the state has no {}; it needs gamma, beta, running_mean and running_var of [{}]", op, name,
            channels);
    require(values.shape() == Shape{channels},
            "{}: {} channels are to be normalised, but {} is {}; make the state for {} channels", op, channels, name,
            values.shape(), channels);
    require(values.dtype() == wanted && values.device() == device, "{}: {} on {} needs {} of {} there, but it is {} on {}", op,
            dtype, device, name, wanted, values.dtype(), values.device());
  }
}

void check_batch_norm(std::string_view op, const Tensor& x, const BatchNormState& state, bool training, const Tensor& residual) {
  require(x.shape().rank() >= 2 && x.shape().channels() > 0, "{}: x must be [..., channels] of rank 2 or more, but it is {}", op,
          x.shape());
  check_batch_norm_state(op, state, x.shape().channels(), x.dtype(), x.device());
  require(!training || x.shape().rows() > 1,
          "{}: expected more than 1 value per channel when training, but x is {}; use a larger batch (drop the last, short one) "
          "or inference",
          op, x.shape());
  if (!residual.defined()) return;
  require(residual.shape() == x.shape() && residual.dtype() == x.dtype() && residual.device() == x.device(),
          "{}: the residual {} {} on {} cannot be added to {} {} on {}; project it to that shape and type first", op,
          residual.dtype(), residual.shape(), residual.device(), x.dtype(), x.shape(), x.device());
}

Tensor batch_norm_forward(const Tensor& x, const BatchNormState& state, bool training, bool relu, const Tensor& residual,
                          const BatchNormWants& wants, BatchNormSaved& saved) {
  const kernels::BatchNormShape shape = shape_of(x);
  const Tensor mean = per_channel(x), inv_std = per_channel(x), y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Tensor mask =
      relu && wants.any() ? Tensor::empty({shape.rows, shape.mask_words_per_row()}, DType::u32, x.device()) : Tensor();
  take_statistics(x, state, training, mean, inv_std);
  dispatch_kernel("batch_norm", x.device(), x.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::BatchNormChannels<A> channels{state.gamma.data<A>(), state.beta.data<A>(), mean.data<A>(), inv_std.data<A>()};
    kernels::batch_norm_apply(where, x.data<T>(), data_or_null<T>(residual), shape, channels, relu, y.data<T>(),
                              data_or_null<uint32_t>(mask));
  });
  if (!wants.any()) return y;
  const bool needs_x = wants.gamma || wants.beta || (wants.x && training);
  saved = {wants, training, needs_x ? x.detach() : Tensor(), state.gamma.detach(), mean, inv_std, mask};
  return y;
}

BatchNormGradients batch_norm_backward(const Tensor& dy, const BatchNormSaved& saved) {
  const BatchNormWants& wants = saved.wants;
  const bool of_batch = saved.training && wants.x;  // dx goes through mean and variance too
  Tensor dgamma, dbeta;
  if (wants.gamma || wants.beta || of_batch) {
    dgamma = per_channel(dy), dbeta = per_channel(dy);
    reduce_gradients(dy, saved, dgamma, dbeta);
  }
  const Tensor dx = wants.x ? Tensor::empty(dy.shape(), dy.dtype(), dy.device()) : Tensor();
  const bool masks_residual = wants.residual && saved.mask.defined();
  const Tensor dresidual = masks_residual ? Tensor::empty(dy.shape(), dy.dtype(), dy.device()) : Tensor();
  if (wants.x || masks_residual) {
    dispatch_kernel("batch_norm", dy.device(), dy.dtype(), [&]<class T>(auto where) {
      using A = acc_t<T>;
      const kernels::BatchNormChannels<A> channels{
          .gamma = saved.gamma.data<A>(), .mean = saved.mean.data<A>(), .inv_std = saved.inv_std.data<A>()};
      kernels::batch_norm_backward_apply(where, dy.data<T>(), of_batch ? saved.x.data<T>() : nullptr,
                                         data_or_null<uint32_t>(saved.mask), shape_of(dy), channels,
                                         of_batch ? dgamma.data<A>() : nullptr, of_batch ? dbeta.data<A>() : nullptr,
                                         data_or_null<T>(dx), data_or_null<T>(dresidual));
    });
  }
  return {dx, wants.gamma ? dgamma : Tensor(), wants.beta ? dbeta : Tensor(),
          wants.residual ? (masks_residual ? dresidual : dy) : Tensor()};
}

}  // namespace cudenza
