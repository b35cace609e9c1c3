/// Streaming the rows of a large matrix one after another (kernels/simd/streaming.h).
#pragma once
#include <vector>

#include "kernels/simd/streaming.h"

namespace cudenza::kernels {

/// Where consecutive rows are computed: in the matrix itself, or in a buffer from which whole cache lines are streamed. Rows
/// seldom end where a line does: what they began waits for the next row, since half a line is slower to write than a whole one.
template <class T> class ConsecutiveRows {
 public:
  ConsecutiveRows(T* first_row, int64_t count, bool streams) : line_(first_row), streams_(streams) {
    if (!streams) return;
    memory_.resize(static_cast<size_t>(count + 3 * kLine));
    buffer_ = memory_.data() + (-reinterpret_cast<intptr_t>(memory_.data()) & 63) / static_cast<int64_t>(sizeof(T));
    begin_ = end_ = static_cast<int64_t>(reinterpret_cast<uintptr_t>(first_row) % 64 / sizeof(T));
    line_ -= begin_;
  }
  ConsecutiveRows(const ConsecutiveRows&) = delete;
  ConsecutiveRows& operator=(const ConsecutiveRows&) = delete;
  ~ConsecutiveRows() {
    if (!streams_) return;
    std::memcpy(line_ + begin_, buffer_ + begin_, static_cast<size_t>(end_ - begin_) * sizeof(T));
    finish_streaming();
  }

  /// For the elements of the row that belongs at y.
  T* place(T* y) { return streams_ ? buffer_ + end_ : y; }
  /// Sends what was computed there on its way.
  void send(int64_t count) {
    if (!streams_) return;
    end_ += count;
    const int64_t whole = end_ / kLine * kLine;
    if (whole == 0) return;
    stream_out(line_ + begin_, buffer_ + begin_, (whole - begin_) * static_cast<int64_t>(sizeof(T)));
    std::memcpy(buffer_, buffer_ + whole, static_cast<size_t>(end_ - whole) * sizeof(T));
    line_ += whole, end_ -= whole, begin_ = 0;
  }

 private:
  static constexpr int64_t kLine = 64 / sizeof(T);
  T* line_;  // where the buffer's first element belongs
  bool streams_;
  std::vector<T> memory_;
  T* buffer_ = nullptr;
  int64_t begin_ = 0, end_ = 0;  // of what waits in it
};

}  // namespace cudenza::kernels
