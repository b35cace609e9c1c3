/// A few numbers a channel: the plain loop serves both as the reference and on the CPU.
#include "kernels/batch_norm/batch_norm_shared_math.h"

namespace cudenza::kernels {
namespace {

template <class A> void share_all(const A* mean, const A* unbiased, const BatchNormShape& shape, double* sums) {
  for (int64_t c = 0; c < shape.channels; ++c) share_channel(c, mean, unbiased, shape, sums);
}

template <class A>
void join_all(const double* sums, int64_t channels, double eps, A* mean, A* inv_std, const RunningStatistics<A>& running) {
  for (int64_t c = 0; c < channels; ++c) join_channel(c, sums, channels, eps, mean, inv_std, running);
}

template <class A> void scale_all(const double* sums, const BatchNormShape& shape, A* gradients, int64_t count) {
  for (int64_t i = 0; i < count; ++i) scale_to_all_rows(i, sums, shape, gradients);
}

}  // namespace

template <class A> void batch_norm_share(Reference, const A* mean, const A* unbiased, const BatchNormShape& shape, double* sums) {
  share_all(mean, unbiased, shape, sums);
}

template <class A>
void batch_norm_join(Reference, const double* sums, int64_t channels, double eps, A* mean, A* inv_std,
                     const RunningStatistics<A>& r) {
  join_all(sums, channels, eps, mean, inv_std, r);
}

template <class A>
void batch_norm_of_all_rows(Reference, const double* sums, const BatchNormShape& shape, A* gradients, int64_t count) {
  scale_all(sums, shape, gradients, count);
}

template <class A> void batch_norm_share(Cpu, const A* mean, const A* unbiased, const BatchNormShape& shape, double* sums) {
  share_all(mean, unbiased, shape, sums);
}

template <class A>
void batch_norm_join(Cpu, const double* sums, int64_t channels, double eps, A* mean, A* inv_std, const RunningStatistics<A>& r) {
  join_all(sums, channels, eps, mean, inv_std, r);
}

template <class A>
void batch_norm_of_all_rows(Cpu, const double* sums, const BatchNormShape& shape, A* gradients, int64_t count) {
  scale_all(sums, shape, gradients, count);
}

template void batch_norm_share(Reference, const float*, const float*, const BatchNormShape&, double*);
template void batch_norm_join(Reference, const double*, int64_t, double, float*, float*, const RunningStatistics<float>&);
template void batch_norm_of_all_rows(Reference, const double*, const BatchNormShape&, float*, int64_t);
template void batch_norm_share(Reference, const double*, const double*, const BatchNormShape&, double*);
template void batch_norm_join(Reference, const double*, int64_t, double, double*, double*, const RunningStatistics<double>&);
template void batch_norm_of_all_rows(Reference, const double*, const BatchNormShape&, double*, int64_t);
template void batch_norm_share(Cpu, const float*, const float*, const BatchNormShape&, double*);
template void batch_norm_join(Cpu, const double*, int64_t, double, float*, float*, const RunningStatistics<float>&);
template void batch_norm_of_all_rows(Cpu, const double*, const BatchNormShape&, float*, int64_t);

}  // namespace cudenza::kernels
