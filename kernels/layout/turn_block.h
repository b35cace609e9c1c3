/// Blocks of a matrix turned in vector registers. A register's lanes of 16 bytes do the same side by side: each turns a square.
#pragma once
#include <cstring>
#include <utility>

#include "kernels/simd/simd.h"

namespace cudenza::kernels {

constexpr int kLaneBytes = 16;
#if defined(__AVX2__)
constexpr int kLanes = 2;  // four, with AVX-512, are no faster: they take longer to fill
#else
constexpr int kLanes = 1;
#endif

/// A lane's elements: the columns of a block, and the rows of it that belong to each lane.
template <class Element> constexpr int kSide = kLaneBytes / static_cast<int>(sizeof(Element));
template <class Element> constexpr int kBlockRows = kSide<Element>* kLanes;

/// A column of a block: kBlockRows elements.
template <class Element> using TurnedColumn __attribute__((vector_size(kLaneBytes * kLanes))) = Element;

namespace turn_detail {

using Lane __attribute__((vector_size(kLaneBytes))) = uint64_t;

inline Lane lane(const void* p) {
  Lane v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// Row at, and the one that belongs at its side.
template <class Element, class Row> [[gnu::always_inline]] inline auto lanes_of(Row row, int at) {
  if constexpr (kLanes == 1) return lane(row(at));
  else return __builtin_shufflevector(lane(row(at)), lane(row(at + kSide<Element>)), 0, 1, 2, 3);
}

/// In each lane, the lower (or upper) halves of a's and b's, element by element in turn.
template <bool upper, class Column, size_t... k>
[[gnu::always_inline]] inline Column interleaved(Column a, Column b, std::index_sequence<k...>) {
  constexpr int N = sizeof...(k), S = N * kLaneBytes / static_cast<int>(sizeof(Column));
  constexpr auto from = [](int i) { return i / S * S + i % S / 2 + (upper ? S / 2 : 0) + i % 2 * N; };
  return __builtin_shufflevector(a, b, from(static_cast<int>(k))...);
}

}  // namespace turn_detail

/// Calls out(j, column j) for the kSide columns of the block whose rows begin at row(0) … row(kBlockRows - 1).
///
/// Interleaving row i with row i + kSide/2 moves one bit of the row's number into the column's; after log2(kSide) rounds they
/// have changed places.
template <class Element, class Row, class Out> [[gnu::always_inline]] inline void turn_block(Row row, Out out) {
  constexpr int S = kSide<Element>;
  using Column = TurnedColumn<Element>;
  constexpr std::make_index_sequence<kBlockRows<Element>> each;
  Column now[S], next[S];
#pragma GCC unroll 16
  for (int i = 0; i < S; ++i) now[i] = reinterpret_cast<Column>(turn_detail::lanes_of<Element>(row, i));
#pragma GCC unroll 4
  for (int round = 1; round < S; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < S / 2; ++i) {
      next[2 * i] = turn_detail::interleaved<false>(now[i], now[i + S / 2], each);
      next[2 * i + 1] = turn_detail::interleaved<true>(now[i], now[i + S / 2], each);
    }
#pragma GCC unroll 16
    for (int i = 0; i < S; ++i) now[i] = next[i];
  }
#pragma GCC unroll 16
  for (int j = 0; j < S; ++j) out(j, now[j]);
}

}  // namespace cudenza::kernels
