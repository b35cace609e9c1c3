/// The functors and types that pointwise kernels are compiled for: the one list that all of their files read.
#pragma once
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

#define CUDENZA_MAP(Where, Op, T, U) template void map(Where, Op, const T*, U*, int64_t);
#define CUDENZA_MAP2(Where, Op, T) template void map2(Where, Op, const T*, const T*, T*, int64_t);
#define CUDENZA_MAP_CHANNELS(Where, Op, T) template void map_channels(Where, Op, const T*, const acc_t<T>*, T*, int64_t, int64_t);

#define CUDENZA_POINTWISE_OF(Where, T)   \
  CUDENZA_MAP(Where, Constant, T, T)     \
  CUDENZA_MAP(Where, Scale, T, T)        \
  CUDENZA_MAP(Where, AddScalar, T, T)    \
  CUDENZA_MAP(Where, Relu, T, T)         \
  CUDENZA_MAP(Where, Sigmoid, T, T)      \
  CUDENZA_MAP(Where, HardSwish, T, T)    \
  CUDENZA_MAP(Where, Log1p, T, T)        \
  CUDENZA_MAP(Where, SignedSqrt, T, T)   \
  CUDENZA_MAP2(Where, Plus, T)           \
  CUDENZA_MAP2(Where, PlusRelu, T)       \
  CUDENZA_MAP2(Where, Minus, T)          \
  CUDENZA_MAP2(Where, Times, T)          \
  CUDENZA_MAP2(Where, Divide, T)         \
  CUDENZA_MAP2(Where, Compare, T)        \
  CUDENZA_MAP2(Where, ReluGrad, T)       \
  CUDENZA_MAP2(Where, SigmoidGrad, T)    \
  CUDENZA_MAP2(Where, HardSwishGrad, T)  \
  CUDENZA_MAP2(Where, Log1pGrad, T)      \
  CUDENZA_MAP2(Where, SignedSqrtGrad, T) \
  CUDENZA_MAP_CHANNELS(Where, Plus, T)   \
  CUDENZA_MAP_CHANNELS(Where, Times, T)

#define CUDENZA_CASTS(Where)                \
  CUDENZA_MAP(Where, Identity, float, bf16) \
  CUDENZA_MAP(Where, Identity, float, f16)  \
  CUDENZA_MAP(Where, Identity, bf16, float) \
  CUDENZA_MAP(Where, Identity, f16, float)  \
  CUDENZA_MAP(Where, Identity, bf16, f16)   \
  CUDENZA_MAP(Where, Identity, f16, bf16)
