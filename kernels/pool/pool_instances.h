/// What the pooling kernels are compiled for: the one list that all of their files read.
#pragma once
#include "kernels/pool/pool.h"

// The workspace's type stands at the end, where there is one.
#define CUDENZA_MAX_POOL(Where, T, Winner, Side, ...)                                                              \
  template void max_pool_forward(Where, const T*, T*, Winner*, const PoolShape<Side>& __VA_OPT__(, ) __VA_ARGS__); \
  template void max_pool_backward(Where, const T*, const Winner*, T*, const PoolShape<Side>&);

#define CUDENZA_POOL_OF(Where, T, Side, ...)                                                              \
  CUDENZA_MAX_POOL(Where, T, uint8_t, Side, __VA_ARGS__)                                                  \
  CUDENZA_MAX_POOL(Where, T, int32_t, Side, __VA_ARGS__)                                                  \
  template void avg_pool_forward(Where, const T*, T*, const PoolShape<Side>& __VA_OPT__(, ) __VA_ARGS__); \
  template void avg_pool_backward(Where, const T*, T*, const PoolShape<Side>&);

#define CUDENZA_POOL(Where, T, ...)                   \
  CUDENZA_POOL_OF(Where, T, StridedSide, __VA_ARGS__) \
  CUDENZA_POOL_OF(Where, T, AdaptiveSide, __VA_ARGS__)
