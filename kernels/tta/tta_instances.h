/// What joining passes is compiled for: read by all of its files.
#pragma once
#include "kernels/tta/tta.h"

#define CUDENZA_TTA(Where, T) \
  template void tta_probabilities(Where, const TtaRule&, const T*, const T*, acc_t<T>*, int64_t, int64_t, int64_t);
