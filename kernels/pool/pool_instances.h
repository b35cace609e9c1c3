/// What the pooling kernels are compiled for: the one list that both devices' files read.
#pragma once
#include "kernels/pool/pool.h"

#define CUDENZA_MAX_POOL(Where, T, Winner, Side)                                               \
  template void max_pool_forward(Where, const T*, T*, Winner*, void*, const PoolShape<Side>&); \
  template void max_pool_backward(Where, const T*, const Winner*, T*, const PoolShape<Side>&);

#define CUDENZA_POOL_OF(Where, T, Side)                                               \
  CUDENZA_MAX_POOL(Where, T, uint8_t, Side)                                           \
  CUDENZA_MAX_POOL(Where, T, int32_t, Side)                                           \
  template void avg_pool_forward(Where, const T*, T*, void*, const PoolShape<Side>&); \
  template void avg_pool_backward(Where, const T*, T*, const PoolShape<Side>&);

#define CUDENZA_POOL(Where, T)           \
  CUDENZA_POOL_OF(Where, T, StridedSide) \
  CUDENZA_POOL_OF(Where, T, AdaptiveSide)
