/// Writing large results on the CPU. An ordinary store first reads the line it overwrites; a non-temporal store does not,
/// which saves a third of a copy's traffic. It also leaves nothing in the cache, so it pays only for results that would not
/// stay there anyway.
#pragma once
#if defined(__AVX__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>

#include "kernels/common/extents.h"
#include "kernels/common/parallel.h"

namespace cudenza::kernels {

/// Results of at least this many bytes are streamed past the cache.
constexpr int64_t kStreamBytes = int64_t{16} << 20;

/// Whether rows at `to` are streamed by units of so many bytes: where all of them would not stay in the cache, rows are whole
/// units, and units do not lie across cache lines.
inline bool rows_stream(const void* to, int64_t rows, int64_t row_bytes, int64_t unit) {
  return rows * row_bytes >= kStreamBytes && row_bytes % unit == 0 &&
         reinterpret_cast<uintptr_t>(to) % static_cast<uintptr_t>(smaller<int64_t>(unit, 64)) == 0;
}

/// Copies `bytes`, wherever they begin: whole 32-byte pieces of `to` are streamed, what lies before and after is stored.
inline void stream_out(void* to, const void* from, int64_t bytes) {
  char* y = static_cast<char*>(to);
  const char* x = static_cast<const char*>(from);
#if defined(__AVX__)
  const int64_t head = smaller<int64_t>(-reinterpret_cast<intptr_t>(y) & 31, bytes);
  if (head > 0) std::memcpy(y, x, static_cast<size_t>(head));
  const int64_t end = head + (bytes - head) / 32 * 32;
  for (int64_t i = head; i < end; i += 32)
    _mm256_stream_si256(reinterpret_cast<__m256i*>(y + i), _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i)));
  y += end, x += end, bytes -= end;
#endif
  if (bytes > 0) std::memcpy(y, x, static_cast<size_t>(bytes));
}

/// What a thread has streamed must be visible before the threads meet.
inline void finish_streaming() {
#if defined(__AVX__)
  _mm_sfence();
#endif
}

/// Writes y[0 … count) in parallel: fill(place, begin, end) computes elements begin … end and stores them from `place` on,
/// which is y + begin or, for large results, a buffer that is then streamed out. Elements must be independent. Pieces begin at
/// multiples of kPiece.
template <int64_t kPiece, class U, class Fill> void parallel_fill_by(U* y, int64_t count, int64_t cost, Fill fill) {
  const bool streams = count * static_cast<int64_t>(sizeof(U)) >= kStreamBytes && reinterpret_cast<uintptr_t>(y) % 32 == 0;
  const auto pieces = [=](int64_t begin, int64_t end) {
    if (!streams) return fill(y + begin, begin, end);
    alignas(64) U buffer[kPiece];
    for (int64_t i = begin; i < end; i += kPiece) {
      const int64_t stop = smaller(i + kPiece, end);
      fill(buffer, i, stop);
      stream_out(y + i, buffer, (stop - i) * static_cast<int64_t>(sizeof(U)));
    }
    finish_streaming();
  };
  parallel_ranges(count, cost, pieces, kPiece);
}

/// The same by pieces so short that the next one's reading overlaps the sending.
template <class U, class Fill> void parallel_fill(U* y, int64_t count, int64_t cost, Fill fill) {
  parallel_fill_by<1024 / sizeof(U)>(y, count, cost, fill);
}

}  // namespace cudenza::kernels
