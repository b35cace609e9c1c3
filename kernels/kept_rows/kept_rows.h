/// Rows of a table that is kept in memory, by the numbers of a batch.
///
///   y[b,:] = x[first[rows[b]] + epoch mod views,:]
///
/// x is [kept, row_size], y [batch, row_size]. `first` [known] says where a row's views begin, -1 if it is not kept. `rows` i64
/// [batch], `epoch` u32 [1] or null for 0. A row that is unknown or not kept becomes NaN. All pointers are on one device.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

struct KeptRows {
  int64_t known, batch, row_size;
  int views;
};

template <class T>
void kept_rows(Reference, const KeptRows&, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y);
template <class T>
void kept_rows(Cpu, const KeptRows&, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y);
template <class T>
void kept_rows(Gpu, const KeptRows&, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y);

}  // namespace cudenza::kernels
