/// What batch normalisation does to one element or one channel: shared by the CPU loops and the CUDA kernels.
#pragma once
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/common/math.h"
#include "kernels/pointwise/pointwise_math.h"  // Relu

namespace cudenza::kernels {

/// One channel over some of its rows: their mean, and m2 = sum of (x - mean)².
template <class A> struct alignas(2 * sizeof(A)) Moments { A mean, m2; };

/// The moments of two sets of rows together (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing
/// sample variances; 1979). Either set may be empty.
template <class A> HOST_DEVICE Moments<A> merged(Moments<A> a, A count_a, Moments<A> b, A count_b) {
  const A count = count_a + count_b, share = count > A(0) ? count_b / count : A(0);
  const A delta = b.mean - a.mean;
  return {a.mean + delta * share, a.m2 + b.m2 + delta * delta * (count_a * share)};
}

/// One channel over some of its rows: sum of dz and sum of dz (x - mean).
template <class A> struct alignas(2 * sizeof(A)) GradientSums { A dz, dz_x; };

template <class A> HOST_DEVICE GradientSums<A> merged(GradientSums<A> a, A, GradientSums<A> b, A) {
  return {a.dz + b.dz, a.dz_x + b.dz_x};
}

/// z = (x - mean) scale + beta: the mean is subtracted first, for x scale - mean scale would cancel where mean >> std.
template <class A> struct Normalization {
  A mean, scale, beta;
  HOST_DEVICE A operator()(A x) const { return (x - mean) * scale + beta; }
};

template <class A> HOST_DEVICE Normalization<A> normalization(A gamma, A beta, A mean, A inv_std) {
  return {mean, gamma * inv_std, beta};
}

/// dx = gamma inv_std (dz - dbeta / rows - xhat dgamma / rows), with all that is per channel multiplied out.
template <class A> struct InputGradient {
  A mean, scale, slope, offset;
  HOST_DEVICE A operator()(A x, A dz) const { return scale * dz - (x - mean) * slope - offset; }
};

template <class A> HOST_DEVICE InputGradient<A> input_gradient(A gamma, A mean, A inv_std, A dgamma, A dbeta, A inverse_rows) {
  const A scale = gamma * inv_std;
  return {mean, scale, scale * inv_std * dgamma * inverse_rows, scale * dbeta * inverse_rows};
}

template <class A> HOST_DEVICE A inv_std_of(A variance, double eps) { return A(1) / sqrt_of(variance + static_cast<A>(eps)); }

/// Leaves one channel's mean and inv_std, and moves its running statistics on.
template <class A>
HOST_DEVICE void finalize_channel(int64_t c, Moments<A> moments, int64_t rows, double eps, A* mean, A* inv_std,
                                  const RunningStatistics<A>& running) {
  mean[c] = moments.mean;
  inv_std[c] = inv_std_of(moments.m2 / static_cast<A>(rows), eps);
  if (!running.mean) return;
  const A momentum = static_cast<A>(running.momentum), unbiased = moments.m2 / static_cast<A>(rows - 1);
  running.mean[c] += momentum * (moments.mean - running.mean[c]);
  running.variance[c] += momentum * (unbiased - running.variance[c]);
}

/// In double: the difference of the two sums cancels where mean >> std. (What the sums lost before, nothing brings back.)
template <class A> HOST_DEVICE Moments<A> moments_of_sums(A sum, A sum_of_squares, int64_t rows) {
  const double mean = static_cast<double>(sum) / static_cast<double>(rows);
  return {static_cast<A>(mean),
          static_cast<A>(larger(static_cast<double>(sum_of_squares) - mean * static_cast<double>(sum), 0.0))};
}

}  // namespace cudenza::kernels
