/// Matrices with very few rows or columns, as pictures of three channels are: each 16 bytes of y are picked from as many pieces
/// of x as there are rows, by byte shuffles.
#pragma once
#include <array>
#include <cstring>

#include "kernels/layout/turn_block.h"
#include "kernels/layout/whole_lines.h"
#include "kernels/simd/fetch_ahead.h"

namespace cudenza::kernels {

using Bytes __attribute__((vector_size(kLaneBytes))) = uint8_t;

/// The bytes of `from` that `places` names, 0 where a place is 128 or more.
inline Bytes picked(Bytes from, Bytes places) {
#if defined(__SSSE3__)
  return reinterpret_cast<Bytes>(_mm_shuffle_epi8(reinterpret_cast<__m128i>(from), reinterpret_cast<__m128i>(places)));
#else
  Bytes result{};
  for (int k = 0; k < kLaneBytes; ++k) result[k] = places[k] < 128 ? from[places[k] % kLaneBytes] : 0;
  return result;
#endif
}

/// Where kSide columns of `few` rows stand before and after: as pieces of 16 bytes of the rows, or, side by side, of the columns.
template <class Element, int few> class FewPlaces {
 public:
  /// Of the rows' pieces in the columns', or the other way.
  explicit FewPlaces(bool to_columns) {
    constexpr int S = kSide<Element>, kSize = sizeof(Element);
    for (auto& piece : places_) piece.fill(Bytes{} + uint8_t{128});
    for (int row = 0; row < few; ++row) {
      for (int column = 0; column < S; ++column) {
        const int place = column * few + row;
        for (int b = 0; b < kSize; ++b) {
          const int in_row = column * kSize + b, in_columns = place % S * kSize + b;
          if (to_columns) places_[place / S][row][in_columns] = static_cast<uint8_t>(in_row);
          else places_[row][place / S][in_row] = static_cast<uint8_t>(in_columns);
        }
      }
    }
  }

  /// to[k * to_step] = piece k, for pieces of kSide elements at from[k * from_step].
  [[gnu::always_inline]] void turn(const Element* from, int64_t from_step, Element* to, int64_t to_step) const {
    Bytes piece[few];
    for (int k = 0; k < few; ++k) std::memcpy(&piece[k], from + k * from_step, sizeof piece[k]);
    for (int k = 0; k < few; ++k) {
      Bytes turned = picked(piece[0], places_[k][0]);
      for (int i = 1; i < few; ++i) turned |= picked(piece[i], places_[k][i]);
      std::memcpy(to + k * to_step, &turned, sizeof turned);
    }
  }

 private:
  std::array<std::array<Bytes, few>, few> places_;
};

/// y[n,j,i] = x[n,i,j] of `batch` matrices with `few` rows if to_columns, with `few` columns otherwise, and `length` of the
/// others.
template <int few, class Element>
void transpose_few(const Element* x, Element* y, bool to_columns, int64_t batch, int64_t length, bool streams) {
  constexpr int64_t S = kSide<Element>, kSize = sizeof(Element), kChunk = 16384 / kSize / few / kLine<Element> * kLine<Element>;
  const FewPlaces<Element, few> places(to_columns);
  const int64_t chunks = ceil_div(length, kChunk);
  parallel_ranges(batch * chunks, kChunk * few, [=](int64_t begin, int64_t end) {
    alignas(kLineBytes) Element buffer[kChunk * few];
    for (int64_t t = begin; t < end; ++t) {
      const int64_t item = t / chunks * few * length, j = t % chunks * kChunk, count = smaller(kChunk, length - j);
      const int64_t along = item + j,
                    between = item + j * few;  // where the chunk begins in rows of `length`, and in those of `few`
      const Element* const from = x + (to_columns ? along : between);
      const int64_t from_step = to_columns ? length : S, from_group = to_columns ? 1 : few;
      const int64_t to_step = to_columns ? S : count, to_group = to_columns ? few : 1;
      FetchAhead next(from + kChunk * from_group, to_columns ? few : 1, kChunk * from_group * kSize, length * kSize);
      int64_t c = 0;
      for (; c + S <= count; c += S) {
        next.worked(few * kLaneBytes);
        places.turn(from + c * from_group, from_step, buffer + c * to_group, to_step);
      }
      for (; c < count; ++c) {
        for (int k = 0; k < few; ++k) {
          if (to_columns) buffer[c * few + k] = from[k * length + c];
          else buffer[k * count + c] = from[c * few + k];
        }
      }
      if (to_columns) put(y + between, buffer, count * few, streams);
      else
        for (int k = 0; k < few; ++k) put(y + along + k * length, buffer + k * count, count, streams);
    }
    finish_streaming();
  });
}

}  // namespace cudenza::kernels
