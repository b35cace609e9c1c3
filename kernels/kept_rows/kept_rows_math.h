/// Which kept row a picture of a batch is.
#pragma once
#include "kernels/common/host_device.h"
#include "kernels/kept_rows/kept_rows.h"

namespace cudenza::kernels {

/// Index into x for picture b; -1 if there is none.
HOST_DEVICE int64_t kept_row(const KeptRows& s, const int64_t* first, const int64_t* rows, const uint32_t* epoch, int64_t b) {
  const int64_t row = rows[b];
  if (row < 0 || row >= s.known || first[row] < 0) return -1;
  return first[row] + (epoch ? *epoch % static_cast<uint32_t>(s.views) : 0);
}

}  // namespace cudenza::kernels
