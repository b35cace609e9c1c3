#include "engine/ops/batch_norm_pass.h"

#include <tuple>

#include "engine/core/dispatch.h"
#include "engine/core/ranks.h"
#include "engine/ops/pointwise.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/batch_norm_shared.h"

namespace cudenza {
namespace {

kernels::BatchNormShape shape_of(const Tensor& x) { return {.rows = x.shape().rows(), .channels = x.shape().channels()}; }

Tensor per_channel(const Tensor& x) { return Tensor::empty({x.shape().channels()}, accumulator_of(x.dtype()), x.device()); }

template <class Where> Tensor workspace_for(Where where, const Tensor& x) {
  return Tensor::empty({kernels::batch_norm_workspace(where, shape_of(x))}, accumulator_of(x.dtype()), x.device());
}

template <class T> T* data_or_null(const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; }

/// The running averages that a batch's statistics enter; T is the element type of the batch.
template <class T> kernels::RunningStatistics<acc_t<T>> running_of(const BatchNormState& state) {
  return {state.running_mean.data<acc_t<T>>(), state.running_var.data<acc_t<T>>(), state.momentum};
}

/// mean and inv_std of the batch, from the sums over it.
void finish_statistics(const Tensor& x, const BatchNormState& state, const Tensor& sums, const Tensor& mean,
                       const Tensor& inv_std) {
  const float *sum = sums.data<float>(), *sum_of_squares = sum + x.shape().channels();
  on_place(x.device(), [&](auto where) {
    kernels::batch_norm_finalize(where, sum, sum_of_squares, shape_of(x), state.eps, mean.data<float>(), inv_std.data<float>(),
                                 running_of<float>(state));
  });
}

/// mean and inv_std for normalising x: of the batch in training, running averages in evaluation.
void take_statistics(const Tensor& x, const BatchNormState& state, bool training, const Tensor& mean, const Tensor& inv_std) {
  dispatch_kernel("batch_norm", x.device(), x.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::RunningStatistics<A> running = running_of<T>(state);
    if (training) {
      kernels::batch_norm_statistics(where, x.data<T>(), shape_of(x), state.eps, mean.data<A>(), inv_std.data<A>(), running,
                                     workspace_for(where, x).template data<A>());
    } else {
      kernels::batch_norm_from_running(where, running.mean, running.variance, x.shape().channels(), state.eps, mean.data<A>(),
                                       inv_std.data<A>());
    }
  });
}

/// The same where all ranks' rows are one batch: this rank's statistics are taken as ever, turned into sums, and these added.
/// Returns the sums.
Tensor take_shared_statistics(const Tensor& x, const BatchNormState& state, const Tensor& sums, const Tensor& mean,
                              const Tensor& inv_std) {
  const Tensor own_mean = Tensor::zeros(mean.shape(), mean.dtype(), x.device()), unbiased = own_mean.clone();
  BatchNormState own = state;
  own.running_mean = own_mean, own.running_var = unbiased, own.momentum = 1;
  if (sums.defined()) finish_statistics(x, own, sums, mean, inv_std);
  else take_statistics(x, own, true, mean, inv_std);
  const kernels::BatchNormShape shape = shape_of(x);
  const Tensor all = Tensor::empty({kernels::batch_norm_shared_sums(shape.channels)}, DType::f64, x.device());
  dispatch_kernel("batch_norm", x.device(), mean.dtype(), [&]<class A>(auto where) {
    if constexpr (std::is_same_v<A, acc_t<A>>)
      kernels::batch_norm_share(where, mean.data<A>(), unbiased.data<A>(), shape, all.data<double>());
  });
  state.together->sum(all);
  dispatch_kernel("batch_norm", x.device(), mean.dtype(), [&]<class A>(auto where) {
    if constexpr (std::is_same_v<A, acc_t<A>>)
      kernels::batch_norm_join(where, all.data<double>(), shape.channels, state.eps, mean.data<A>(), inv_std.data<A>(),
                               running_of<A>(state));
  });
  return all;
}

/// dgamma and dbeta of all ranks' rows, so scaled that this rank's number of rows may divide them.
std::pair<Tensor, Tensor> shared_gradients(const Tensor& dgamma, const Tensor& dbeta, const Tensor& dy,
                                           const BatchNormSaved& saved) {
  const int64_t channels = dgamma.numel();
  const Tensor both = Tensor::empty({2, channels}, dgamma.dtype(), dgamma.device());
  const Tensor gamma = both.slice(0, {channels}), beta = both.slice(channels, {channels});
  gamma.copy_from(dgamma);
  beta.copy_from(dbeta);
  saved.together->sum(both);
  dispatch_kernel("batch_norm", dy.device(), both.dtype(), [&]<class A>(auto where) {
    if constexpr (std::is_same_v<A, acc_t<A>>)
      kernels::batch_norm_of_all_rows(where, saved.all_sums.data<double>(), shape_of(dy), both.data<A>(), both.numel());
  });
  return {gamma, beta};
}

/// dgamma and dbeta, which dx needs too in training; and dz, if the gradient comes in two terms.
void reduce_gradients(const Tensor& dy, const Tensor& more, const BatchNormSaved& saved, const Tensor& dgamma,
                      const Tensor& dbeta, const Tensor& dz) {
  dispatch_kernel("batch_norm", dy.device(), dy.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::BatchNormChannels<A> channels{
        .gamma = saved.gamma.data<A>(), .mean = saved.mean.data<A>(), .inv_std = saved.inv_std.data<A>()};
    const kernels::BatchNormUpstream<T> upstream{dy.data<T>(), data_or_null<uint32_t>(saved.mask), data_or_null<T>(more),
                                                 data_or_null<T>(dz)};
    kernels::batch_norm_backward_reduce(where, upstream, saved.x.data<T>(), shape_of(dy), channels, dgamma.data<A>(),
                                        dbeta.data<A>(), workspace_for(where, dy).template data<A>());
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
  require(!training || x.shape().rows() > 1 || state.together,
          "{}: expected more than 1 value per channel when training, but x is {}; use a larger batch (drop the last, short one) "
          "or inference",
          op, x.shape());
  if (!residual.defined()) return;
  require(residual.shape() == x.shape() && residual.dtype() == x.dtype() && residual.device() == x.device(),
          "{}: the residual {} {} on {} cannot be added to {} {} on {}; project it to that shape and type first", op,
          residual.dtype(), residual.shape(), residual.device(), x.dtype(), x.shape(), x.device());
}

Tensor batch_norm_forward(const Tensor& x, const BatchNormState& state, bool training, bool relu, const Tensor& residual,
                          const BatchNormWants& wants, BatchNormSaved& saved, const Tensor& sums) {
  const kernels::BatchNormShape shape = shape_of(x);
  const Tensor mean = per_channel(x), inv_std = per_channel(x), y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Tensor mask =
      relu && wants.any() ? Tensor::empty({shape.rows, shape.mask_words_per_row()}, DType::u32, x.device()) : Tensor();
  Tensor all_sums;
  if (training && state.together) all_sums = take_shared_statistics(x, state, sums, mean, inv_std);
  else if (sums.defined()) finish_statistics(x, state, sums, mean, inv_std);
  else take_statistics(x, state, training, mean, inv_std);
  dispatch_kernel("batch_norm", x.device(), x.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::BatchNormChannels<A> channels{state.gamma.data<A>(), state.beta.data<A>(), mean.data<A>(), inv_std.data<A>()};
    kernels::batch_norm_apply(where, x.data<T>(), data_or_null<T>(residual), shape, channels, relu, y.data<T>(),
                              data_or_null<uint32_t>(mask));
  });
  if (!wants.any()) return y;
  const bool needs_x = wants.gamma || wants.beta || (wants.x && training);
  saved = {.wants = wants,
           .training = training,
           .x = needs_x ? x.detach() : Tensor(),
           .gamma = state.gamma.detach(),
           .mean = mean,
           .inv_std = inv_std,
           .all_sums = all_sums,
           .together = state.together,
           .mask = mask};
  return y;
}

BatchNormGradients batch_norm_backward(const Tensor& upstream, const Tensor& more, const BatchNormSaved& saved) {
  const BatchNormWants& wants = saved.wants;
  const bool of_batch = saved.training && wants.x;  // dx goes through mean and variance too
  const auto like_y = [&] { return Tensor::empty(upstream.shape(), upstream.dtype(), upstream.device()); };
  Tensor dy = upstream, mask = saved.mask, dgamma, dbeta;
  if (wants.gamma || wants.beta || of_batch) {
    dgamma = per_channel(dy), dbeta = per_channel(dy);
    const Tensor dz = more.defined() ? like_y() : Tensor();
    reduce_gradients(dy, more, saved, dgamma, dbeta, dz);
    if (dz.defined()) dy = dz, mask = Tensor();  // the sum, with the ReLU's mask applied
  } else if (more.defined()) {
    dy = add(dy, more);
  }
  Tensor all_dgamma = dgamma, all_dbeta = dbeta;
  if (of_batch && saved.together) std::tie(all_dgamma, all_dbeta) = shared_gradients(dgamma, dbeta, dy, saved);
  const Tensor dx = wants.x ? like_y() : Tensor();
  const bool masks_residual = wants.residual && mask.defined();
  const Tensor dresidual = masks_residual ? like_y() : Tensor();
  if (wants.x || masks_residual) {
    dispatch_kernel("batch_norm", dy.device(), dy.dtype(), [&]<class T>(auto where) {
      using A = acc_t<T>;
      const kernels::BatchNormChannels<A> channels{
          .gamma = saved.gamma.data<A>(), .mean = saved.mean.data<A>(), .inv_std = saved.inv_std.data<A>()};
      kernels::batch_norm_backward_apply(where, dy.data<T>(), of_batch ? saved.x.data<T>() : nullptr,
                                         data_or_null<uint32_t>(mask), shape_of(dy), channels,
                                         of_batch ? all_dgamma.data<A>() : nullptr, of_batch ? all_dbeta.data<A>() : nullptr,
                                         data_or_null<T>(dx), data_or_null<T>(dresidual));
    });
  }
  return {dx, wants.gamma ? dgamma : Tensor(), wants.beta ? dbeta : Tensor(),
          wants.residual ? (masks_residual ? dresidual : dy) : Tensor()};
}

}  // namespace cudenza
