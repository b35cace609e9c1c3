/// What mixup is compiled for: read by all of its files.
#pragma once
#include "kernels/mixup/mixup.h"

#define CUDENZA_MIXUP(Where, T)                                                                                           \
  template void mixup(Where, const T*, T*, int64_t, int64_t, double, const RandomStream&, const MixupTargets<acc_t<T>>&); \
  template void mix_pairs(Where, const T*, T*, int64_t, int64_t, const acc_t<T>*);
