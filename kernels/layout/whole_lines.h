/// Writing y by whole cache lines, past the cache: half of one would cost memory more than an ordinary store does.
#pragma once
#include <cstring>
#include <type_traits>

#include "kernels/simd/streaming.h"

namespace cudenza::kernels {

constexpr int64_t kLineBytes = 64;
template <class Element> constexpr int64_t kLine = kLineBytes / static_cast<int64_t>(sizeof(Element));

/// Elements between the last border of lines and p.
template <class Element> int64_t past_line(const Element* p) {
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(p) % kLineBytes / sizeof(Element));
}

/// Copies less than a line: by powers of two, since compilers make a slow string instruction of a memcpy of so few.
inline void copy_part(void* to, const void* from, int64_t bytes) {
  char* y = static_cast<char*>(to);
  const char* x = static_cast<const char*>(from);
  const auto move = [&](auto size) {
    if (!(bytes & size)) return;
    std::memcpy(y, x, size);
    y += size, x += size;
  };
  move(std::integral_constant<int, 32>{}), move(std::integral_constant<int, 16>{}), move(std::integral_constant<int, 8>{});
  move(std::integral_constant<int, 4>{}), move(std::integral_constant<int, 2>{}), move(std::integral_constant<int, 1>{});
}

/// Copies `count` elements: where y `streams`, whole lines of it past the cache.
template <class Element> void put(Element* to, const Element* from, int64_t count, bool streams) {
  const int64_t bytes = count * static_cast<int64_t>(sizeof(Element));
  const int64_t head = smaller<int64_t>(-reinterpret_cast<intptr_t>(to) & (kLineBytes - 1), bytes),
                lines = (bytes - head) / kLineBytes * kLineBytes;
  if (!streams || lines == 0) return static_cast<void>(std::memcpy(to, from, static_cast<size_t>(bytes)));
  char* const y = reinterpret_cast<char*>(to);
  const char* const x = reinterpret_cast<const char*>(from);
  copy_part(y, x, head);
  stream_out(y + head, x + head, lines);
  copy_part(y + head + lines, x + head + lines, bytes - head - lines);
}

/// Rows of y that are written together, a piece of each at a time. A piece is written to the last border of lines in it; the next
/// one begins there, with what came before it. Pieces are made in buffers that have room for a line before them.
template <class Element, int64_t most_rows> class LinesOfRows {
 public:
  /// Puts the line that came before a piece which `row` continues with before it.
  void bring_line_before(int64_t row, Element* piece) const { std::memcpy(piece - kLine<Element>, last_[row], kLineBytes); }

  /// Writes the piece that belongs at y; to its end if the row `ends` with it. REQUIRES at least a line of those that do not.
  void send(int64_t row, Element* y, const Element* piece, int64_t count, bool continues, bool ends) {
    constexpr int64_t kSize = sizeof(Element);
    const int64_t past = past_line(y), border = (past + count) / kLine<Element> * kLine<Element> - past;
    int64_t from = continues ? -past : 0;
    if (!continues && past > 0) {
      from = smaller(kLine<Element> - past, count);
      copy_part(y, piece, from * kSize);
    }
    if (border > from) {
      stream_out(y + from, piece + from, (border - from) * kSize);
      from = border;
    }
    if (ends) copy_part(y + from, piece + from, (count - from) * kSize);
    else std::memcpy(last_[row], piece + count - kLine<Element>, kLineBytes);
  }

 private:
  alignas(kLineBytes) Element last_[most_rows][kLine<Element>];
};

}  // namespace cudenza::kernels
