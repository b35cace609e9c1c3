/// Batch normalisation of a batch that several processes share: each takes the statistics of its own rows, and their sums over
/// all processes are those of the whole batch. Per channel:
///
///   share    sums = (rows mean, rows (variance + mean²), rows)          added over the processes between the two
///   join     n = sum of rows     mean = sum of rows mean / n     variance = sum of rows (variance + mean²) / n - mean²
///   backward dgamma and dbeta are added over the processes too; dx divides them by n, not by the process's own rows
///
/// Sums are in double, so that the difference of two squares keeps its digits where the mean is large.
#pragma once
#include "kernels/batch_norm/batch_norm.h"

namespace cudenza::kernels {

/// Doubles in `sums`: two for each channel and the number of rows.
inline int64_t batch_norm_shared_sums(int64_t channels) { return 2 * channels + 1; }

/// sums of these rows. `unbiased` is sum of (x - mean)² / (rows - 1), as RunningStatistics from zero with momentum 1 leaves it;
/// of one row it is not read.
template <class A> void batch_norm_share(Reference, const A* mean, const A* unbiased, const BatchNormShape&, double* sums);
template <class A> void batch_norm_share(Cpu, const A* mean, const A* unbiased, const BatchNormShape&, double* sums);
template <class A> void batch_norm_share(Gpu, const A* mean, const A* unbiased, const BatchNormShape&, double* sums);

/// mean, inv_std and the running statistics from all processes' sums.
template <class A>
void batch_norm_join(Reference, const double* sums, int64_t channels, double eps, A* mean, A* inv_std,
                     const RunningStatistics<A>&);
template <class A>
void batch_norm_join(Cpu, const double* sums, int64_t channels, double eps, A* mean, A* inv_std, const RunningStatistics<A>&);
template <class A>
void batch_norm_join(Gpu, const double* sums, int64_t channels, double eps, A* mean, A* inv_std, const RunningStatistics<A>&);

/// gradients[i] *= rows / n, for `count` of them: so that batch_norm_backward_apply, which divides by its own rows, divides by n.
template <class A> void batch_norm_of_all_rows(Reference, const double* sums, const BatchNormShape&, A* gradients, int64_t count);
template <class A> void batch_norm_of_all_rows(Cpu, const double* sums, const BatchNormShape&, A* gradients, int64_t count);
template <class A> void batch_norm_of_all_rows(Gpu, const double* sums, const BatchNormShape&, A* gradients, int64_t count);

}  // namespace cudenza::kernels
