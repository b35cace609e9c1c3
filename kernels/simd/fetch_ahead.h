/// Asking for memory that is soon read, where work runs through many short rows or far apart and the machine does not foresee
/// what comes next. Into the second-level cache, which waits for more lines at once than the first.
#pragma once
#include <cstdint>

#include "kernels/common/extents.h"

namespace cudenza::kernels {

inline void fetch_ahead(const void* p, int64_t bytes) {
  constexpr int kToRead = 0, kSecondLevel = 2;
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const char*>(p) + i, kToRead, kSecondLevel);
}

/// The next tile of an array, fetched line by line while this one is worked on: `rows` pieces of `row_bytes`, `stride_bytes`
/// apart.
class FetchAhead {
 public:
  FetchAhead() = default;  ///< of nothing
  FetchAhead(const void* first, int64_t rows, int64_t row_bytes, int64_t stride_bytes)
      : row_(static_cast<const char*>(first)), rows_(rows), row_bytes_(row_bytes), stride_(stride_bytes) {
    if (row_bytes_ == stride_) row_bytes_ *= rows_, rows_ = 1;
  }

  /// Fetches as many bytes as have been worked on.
  void worked(int64_t bytes) {
    for (due_ += bytes; due_ >= kLine && rows_ > 0; due_ -= kLine) {
      fetch_ahead(row_ + at_, kLine);
      at_ += kLine;
      if (at_ >= row_bytes_) at_ = 0, row_ += stride_, --rows_;
    }
  }

 private:
  static constexpr int64_t kLine = 64;
  const char* row_ = nullptr;
  int64_t rows_ = 0, row_bytes_ = 0, stride_ = 0, at_ = 0, due_ = 0;
};

}  // namespace cudenza::kernels
