/// What channel_scale is compiled for: the one list that all of its files read.
#pragma once
#include "kernels/channel_scale/channel_scale.h"

#define CUDENZA_CHANNEL_SCALE_TO(Where, T, U) \
  template void channel_scale_backward(Where, const T*, const T*, const U*, T*, U*, const RowsShape&, void*);

#define CUDENZA_CHANNEL_SCALE_OF(Where, T) \
  CUDENZA_CHANNEL_SCALE_TO(Where, T, T)    \
  template void channel_scale_forward(Where, const T*, const T*, T*, const RowsShape&);

#define CUDENZA_CHANNEL_SCALE(Where)           \
  CUDENZA_CHANNEL_SCALE_OF(Where, float)       \
  CUDENZA_CHANNEL_SCALE_OF(Where, bf16)        \
  CUDENZA_CHANNEL_SCALE_OF(Where, f16)         \
  CUDENZA_CHANNEL_SCALE_TO(Where, bf16, float) \
  CUDENZA_CHANNEL_SCALE_TO(Where, f16, float)
