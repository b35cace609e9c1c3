/// The types that batch normalisation is compiled for: read by all of its files.
#pragma once
#include "kernels/batch_norm/batch_norm.h"

// The passes over activations: over float, bf16, f16, and double for the reference.
#define CUDENZA_BATCH_NORM_STATISTICS(Where, T)                                                             \
  template void batch_norm_statistics(Where, const T*, const BatchNormShape&, double, acc_t<T>*, acc_t<T>*, \
                                      const RunningStatistics<acc_t<T>>&, acc_t<T>*);

#define CUDENZA_BATCH_NORM_BACKWARD_REDUCE(Where, T)                                                            \
  template void batch_norm_backward_reduce(Where, const BatchNormUpstream<T>&, const T*, const BatchNormShape&, \
                                           const BatchNormChannels<acc_t<T>>&, acc_t<T>*, acc_t<T>*, acc_t<T>*);

#define CUDENZA_BATCH_NORM_FORWARD_APPLY(Where, T)                                                                               \
  template void batch_norm_apply(Where, const T*, const T*, const BatchNormShape&, const BatchNormChannels<acc_t<T>>&, bool, T*, \
                                 uint32_t*);                                                                                     \
  template void batch_norm_fold(Where, const T*, int64_t, int64_t, const BatchNormChannels<acc_t<T>>&, T*, acc_t<T>*);

#define CUDENZA_BATCH_NORM_BACKWARD_APPLY(Where, T)                                                          \
  template void batch_norm_backward_apply(Where, const T*, const T*, const uint32_t*, const BatchNormShape&, \
                                          const BatchNormChannels<acc_t<T>>&, const acc_t<T>*, const acc_t<T>*, T*, T*);

#define CUDENZA_BATCH_NORM_REDUCE(Where, T) \
  CUDENZA_BATCH_NORM_STATISTICS(Where, T)   \
  CUDENZA_BATCH_NORM_BACKWARD_REDUCE(Where, T)

#define CUDENZA_BATCH_NORM_APPLY(Where, T)   \
  CUDENZA_BATCH_NORM_FORWARD_APPLY(Where, T) \
  CUDENZA_BATCH_NORM_BACKWARD_APPLY(Where, T)

// What touches channels alone: over float, and double for the reference.
#define CUDENZA_BATCH_NORM_CHANNELS(Where, A)                                                         \
  template void batch_norm_finalize(Where, const A*, const A*, const BatchNormShape&, double, A*, A*, \
                                    const RunningStatistics<A>&);                                     \
  template void batch_norm_from_running(Where, const A*, const A*, int64_t, double, A*, A*);
