/// What dropout and stochastic depth are compiled for: the one list that all of their files read.
#pragma once
#include "kernels/dropout/dropout.h"

#define CUDENZA_DROPOUT(Where, T)                                                                              \
  template void dropout_forward(Where, const T*, T*, uint8_t*, int64_t, double, const RandomStream&, int64_t); \
  template void dropout_backward(Where, const T*, const uint8_t*, T*, int64_t, double);                        \
  template void drop_path(Where, const T*, T*, int64_t, int64_t, double, const RandomStream&, int64_t);
