/// What the softmax kernels are compiled for: the one list that all of their files read.
#pragma once
#include "kernels/softmax_xent/softmax_xent_math.h"

#define CUDENZA_XENT(Where, T, Targets)                                                                            \
  template void softmax_xent_forward(Where, const T*, Targets, RowResults<acc_t<T>>, acc_t<T>*, int64_t, int64_t); \
  template void softmax_xent_backward(Where, const T*, Targets, const acc_t<T>*, const acc_t<T>*, T*, int64_t, int64_t);

#define CUDENZA_SOFTMAX(Where, T, Form)                                       \
  template void softmax_forward(Where, Form, const T*, T*, int64_t, int64_t); \
  template void softmax_backward(Where, Form, const T*, const T*, T*, int64_t, int64_t);

#define CUDENZA_XENT_OF(Where, T)                \
  CUDENZA_XENT(Where, T, LabelTargets<acc_t<T>>) \
  CUDENZA_XENT(Where, T, SoftTargets<acc_t<T>>)

#define CUDENZA_SOFTMAX_OF(Where, T) \
  CUDENZA_SOFTMAX(Where, T, Softmax) \
  CUDENZA_SOFTMAX(Where, T, LogSoftmax)

#define CUDENZA_SOFTMAX_XENT_OF(Where, T) \
  CUDENZA_XENT_OF(Where, T)               \
  CUDENZA_SOFTMAX_OF(Where, T)
