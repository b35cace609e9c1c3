/// Fetching the next tile of an array into the second-level cache while this one is worked on, a line at a time: where work runs
/// through many short rows, the machine does not foresee what is read next.
#pragma once
#include <cstdint>

#include "kernels/common/extents.h"

namespace cudenza::kernels {

/// `rows` pieces of memory of `row_bytes`, `stride_bytes` apart.
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
      constexpr int kToRead = 0, kSecondLevel = 2;
      __builtin_prefetch(row_ + at_, kToRead, kSecondLevel);
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
