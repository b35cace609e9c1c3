/// Batch normalisation over the rows of [rows, channels]: NHWC pictures flattened, or the features of a linear layer
/// (Ioffe, Szegedy: Batch Normalization; ICML 2015), with the residual's sum and the ReLU that follow it fused in.
///
///   statistics  mean = sum of x / rows       variance = sum of (x - mean)² / rows       inv_std = 1 / sqrt(variance + eps)
///   forward     xhat = (x - mean) inv_std    z = gamma xhat + beta (+ residual)         y = z or relu(z)
///   backward    dz = dy, or dy where z > 0   dbeta = sum of dz      dgamma = sum of dz xhat       dresidual = dz
///               dx = gamma inv_std (dz - dbeta / rows - xhat dgamma / rows)      if mean and variance are x's own
///               dx = gamma inv_std dz                                            if they were given (running statistics)
///
/// x, y, residual and their gradients are T; everything per channel is acc_t<T>. Training passes over memory twice forward
/// (statistics, apply) and twice backward (backward_reduce, backward_apply). Instantiated for float, bf16, f16, and double
/// for the reference.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/extents.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

struct BatchNormShape {
  int64_t rows = 0, channels = 0;

  /// The ReLU's mask has one bit an element, 1 but where z <= 0. Each row starts a new word; word w holds channels 32w to
  /// 32w + 31 from the lowest bit up; bits past the last channel are 0.
  HOST_DEVICE int64_t mask_words_per_row() const { return ceil_div<int64_t>(channels, 32); }
  int64_t mask_words() const { return rows * mask_words_per_row(); }
};

/// Numbers of acc_t<T> that batch_norm_statistics and batch_norm_backward_reduce need as workspace (16-byte aligned). How
/// the rows are parted is fixed by the shape alone, so that results repeat on any number of threads.
inline int64_t batch_norm_workspace(Reference, const BatchNormShape&) { return 0; }
int64_t batch_norm_workspace(Cpu, const BatchNormShape&);
int64_t batch_norm_workspace(Gpu, const BatchNormShape&);

/// Exponential averages of the batches' statistics, [channels] each, updated in place:
///   mean += momentum (batch mean - mean)        variance += momentum (batch variance rows / (rows - 1) - variance)
template <class A> struct RunningStatistics {
  A* mean = nullptr;      ///< null: none are kept
  A* variance = nullptr;  ///< unbiased, as PyTorch keeps it
  double momentum = 0.1;
};

/// mean and inv_std of x, in one pass that keeps its digits where the mean is large beside the deviations from it.
/// REQUIRES rows >= 2.
template <class T>
void batch_norm_statistics(Reference, const T* x, const BatchNormShape&, double eps, acc_t<T>* mean, acc_t<T>* inv_std,
                           const RunningStatistics<acc_t<T>>&, acc_t<T>* workspace);
template <class T>
void batch_norm_statistics(Cpu, const T* x, const BatchNormShape&, double eps, acc_t<T>* mean, acc_t<T>* inv_std,
                           const RunningStatistics<acc_t<T>>&, acc_t<T>* workspace);
template <class T>
void batch_norm_statistics(Gpu, const T* x, const BatchNormShape&, double eps, acc_t<T>* mean, acc_t<T>* inv_std,
                           const RunningStatistics<acc_t<T>>&, acc_t<T>* workspace);

/// The same from sums that another kernel took on its way: sum of x and sum of x², as a convolution's epilogue leaves them
/// (cuDNN's GenStats). x itself is not read. REQUIRES rows >= 2.
template <class A>
void batch_norm_finalize(Reference, const A* sum, const A* sum_of_squares, const BatchNormShape&, double eps, A* mean, A* inv_std,
                         const RunningStatistics<A>&);
template <class A>
void batch_norm_finalize(Cpu, const A* sum, const A* sum_of_squares, const BatchNormShape&, double eps, A* mean, A* inv_std,
                         const RunningStatistics<A>&);
template <class A>
void batch_norm_finalize(Gpu, const A* sum, const A* sum_of_squares, const BatchNormShape&, double eps, A* mean, A* inv_std,
                         const RunningStatistics<A>&);

/// The same from running statistics, for inference: copies the mean, so that what a backward pass reads later stands still.
template <class A>
void batch_norm_from_running(Reference, const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                             A* inv_std);
template <class A>
void batch_norm_from_running(Cpu, const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                             A* inv_std);
template <class A>
void batch_norm_from_running(Gpu, const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                             A* inv_std);

/// What normalises each channel, [channels] each.
template <class A> struct BatchNormChannels {
  const A* gamma = nullptr;
  const A* beta = nullptr;  ///< not read by the backward pass
  const A* mean = nullptr;
  const A* inv_std = nullptr;
};

/// y from x. residual may be null; mask is written if it is not null (REQUIRES relu then). y may be x or residual.
template <class T>
void batch_norm_apply(Reference, const T* x, const T* residual, const BatchNormShape&, const BatchNormChannels<acc_t<T>>&,
                      bool relu, T* y, uint32_t* mask);
template <class T>
void batch_norm_apply(Cpu, const T* x, const T* residual, const BatchNormShape&, const BatchNormChannels<acc_t<T>>&, bool relu,
                      T* y, uint32_t* mask);
template <class T>
void batch_norm_apply(Gpu, const T* x, const T* residual, const BatchNormShape&, const BatchNormChannels<acc_t<T>>&, bool relu,
                      T* y, uint32_t* mask);

/// What comes back to y. Where y has two users, their gradients are added on the way: what else would be a pass of its own.
template <class T> struct BatchNormUpstream {
  const T* dy = nullptr;
  const uint32_t* mask = nullptr;  ///< null where there was no ReLU
  const T* more = nullptr;         ///< the other user's gradient; null where there is none
  T* dz = nullptr;                 ///< given with `more`: gets dz of their sum, rounded to T; may be dy or more
};

/// dgamma and dbeta.
template <class T>
void batch_norm_backward_reduce(Reference, const BatchNormUpstream<T>&, const T* x, const BatchNormShape&,
                                const BatchNormChannels<acc_t<T>>&, acc_t<T>* dgamma, acc_t<T>* dbeta, acc_t<T>* workspace);
template <class T>
void batch_norm_backward_reduce(Cpu, const BatchNormUpstream<T>&, const T* x, const BatchNormShape&,
                                const BatchNormChannels<acc_t<T>>&, acc_t<T>* dgamma, acc_t<T>* dbeta, acc_t<T>* workspace);
template <class T>
void batch_norm_backward_reduce(Gpu, const BatchNormUpstream<T>&, const T* x, const BatchNormShape&,
                                const BatchNormChannels<acc_t<T>>&, acc_t<T>* dgamma, acc_t<T>* dbeta, acc_t<T>* workspace);

/// dx and dresidual, each unless null. mask is null where dy is dz already. x, dgamma and dbeta are null where the statistics
/// were given: dx does not depend on them then. dx or dresidual may be dy.
template <class T>
void batch_norm_backward_apply(Reference, const T* dy, const T* x, const uint32_t* mask, const BatchNormShape&,
                               const BatchNormChannels<acc_t<T>>&, const acc_t<T>* dgamma, const acc_t<T>* dbeta, T* dx,
                               T* dresidual);
template <class T>
void batch_norm_backward_apply(Cpu, const T* dy, const T* x, const uint32_t* mask, const BatchNormShape&,
                               const BatchNormChannels<acc_t<T>>&, const acc_t<T>* dgamma, const acc_t<T>* dbeta, T* dx,
                               T* dresidual);
template <class T>
void batch_norm_backward_apply(Gpu, const T* dy, const T* x, const uint32_t* mask, const BatchNormShape&,
                               const BatchNormChannels<acc_t<T>>&, const acc_t<T>* dgamma, const acc_t<T>* dbeta, T* dx,
                               T* dresidual);

/// Takes the normalisation by running statistics into the convolution before it:
///   folded_w[k,i] = w[k,i] gamma[k] inv_std[k]           bias[k] = beta[k] - mean[k] gamma[k] inv_std[k]
/// w is [out_channels, fan_in]; all else is [out_channels].
template <class T>
void batch_norm_fold(Reference, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>&, T* folded_w,
                     acc_t<T>* bias);
template <class T>
void batch_norm_fold(Cpu, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>&, T* folded_w,
                     acc_t<T>* bias);
template <class T>
void batch_norm_fold(Gpu, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>&, T* folded_w,
                     acc_t<T>* bias);

}  // namespace cudenza::kernels
