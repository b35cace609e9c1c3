/// Streaming rows whose pieces begin anywhere (kernels/simd/streaming.h wants 32-byte borders).
#pragma once
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {

/// Elements between the last 32-byte border and p. Pieces of a row at y that begin at multiples of 32 bytes less these begin on
/// a border, but for the first.
template <class U> int64_t past_border(const U* p) {
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(p) % 32 / sizeof(U));
}

/// Where a piece of a row is computed: in the row itself, or in a buffer at the same distance from a 32-byte border, from which
/// it is streamed out.
template <class U, int64_t kMost> class RowPiece {
 public:
  explicit RowPiece(bool streams) : streams_(streams) {}

  /// For up to kMost elements that belong at y.
  U* place(U* y) { return streams_ ? buffer_ + past_border(y) : y; }
  /// Sends what was computed there on its way. fence() when all is.
  void send(U* y, int64_t count) const {
    if (!streams_) return;
    const int64_t past = past_border(y), head = past == 0 ? 0 : smaller<int64_t>(kBorder - past, count);
    for (int64_t i = 0; i < head; ++i) y[i] = buffer_[past + i];
    if (count > head) stream_out(y + head, buffer_ + past + head, (count - head) * static_cast<int64_t>(sizeof(U)));
  }
  /// Streamed data must be visible before threads meet.
  static void fence() {
#if defined(__AVX__)
    _mm_sfence();
#endif
  }

 private:
  static constexpr int64_t kBorder = 32 / sizeof(U);
  bool streams_;
  alignas(64) U buffer_[kMost + kBorder];
};

}  // namespace cudenza::kernels
