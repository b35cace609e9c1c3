/// The largest element of a row on the CPU, and where it is.
#pragma once
#include <limits>

#include "kernels/reduce/reduce_math.h"
#include "kernels/simd/simd_pair.h"

namespace cudenza::kernels {

/// max of x[0, count), count > 0; NaN if there is one. A comparison with NaN is false, so it is looked for apart.
template <class T> acc_t<T> max_of(const T* x, int64_t count) {
  using A = acc_t<T>;
  constexpr int64_t kStep = 2 * kSimdPair<A>;
  A best = static_cast<A>(x[0]);
  if (count < kStep) {
    for (int64_t i = 1; i < count; ++i) best = larger_or_nan(best, static_cast<A>(x[i]));
    return best;
  }
  PairOf<T> even{simd_all(best), simd_all(best)}, odd = even;
  SimdMask<A> nan{};
  const auto take = [&](int64_t i) {
    const PairOf<T> a = simd_load_pair(x + i), b = simd_load_pair(x + i + kSimdPair<A>);
    nan |= (a.first != a.first) | (a.second != a.second) | (b.first != b.first) | (b.second != b.second);
    even = {simd_max<A>(even.first, a.first), simd_max<A>(even.second, a.second)};
    odd = {simd_max<A>(odd.first, b.first), simd_max<A>(odd.second, b.second)};
  };
  for (int64_t i = 0; i + kStep <= count; i += kStep) take(i);
  take(count - kStep);  // what is left, and some of it twice
  if (simd_any(nan)) return std::numeric_limits<A>::quiet_NaN();
  const Simd<A> all = simd_max<A>(simd_max<A>(even.first, even.second), simd_max<A>(odd.first, odd.second));
  for (int k = 0; k < kSimd<A>; ++k) best = larger(best, all[k]);
  return best;
}

template <class A> struct Found {
  A value;
  int64_t place;
};

/// The first place of NaN in x, where there is one.
template <class T> Found<acc_t<T>> first_nan(const T* x) {
  int64_t i = 0;
  while (static_cast<acc_t<T>>(x[i]) == static_cast<acc_t<T>>(x[i])) ++i;
  return {static_cast<acc_t<T>>(x[i]), i};
}

/// The first of the largest elements of whole pairs of registers, count > 0 in all. Each place in a pair keeps its own first
/// largest, so that there is nothing to branch on before the end.
template <class T> Found<acc_t<T>> first_largest_of_pairs(const T* x, int64_t count) {
  using A = acc_t<T>;
  PairOf<T> best{simd_all(-std::numeric_limits<A>::infinity()), simd_all(-std::numeric_limits<A>::infinity())};
  SimdMask<A> first{}, second{}, nan{}, now{};  // from which pair the best are
  for (int64_t i = 0; i < count; i += kSimdPair<A>, now += kSimdPair<A>) {
    const PairOf<T> next = simd_load_pair(x + i);
    const SimdMask<A> first_wins = next.first > best.first, second_wins = next.second > best.second;
    nan |= (next.first != next.first) | (next.second != next.second);
    best.first = first_wins ? next.first : best.first, first = first_wins ? now : first;
    best.second = second_wins ? next.second : best.second, second = second_wins ? now : second;
  }
  if (simd_any(nan)) return first_nan(x);
  const Simd<A> larger_ones = simd_max<A>(best.first, best.second);
  A value = larger_ones[0];
  for (int k = 1; k < kSimd<A>; ++k) value = larger(value, larger_ones[k]);
  int64_t place = count;
  for (int k = 0; k < kSimd<A>; ++k) {
    place = smaller<int64_t>(place, best.first[k] == value ? first[k] + simd_pair_element<T>(k) : count);
    place = smaller<int64_t>(place, best.second[k] == value ? second[k] + simd_pair_element<T>(k + kSimd<A>) : count);
  }
  return {value, place};
}

/// Where the first maximum of x[0, count) is, count > 0: block by block, so that places fit 32 bits.
template <class T> int64_t argmax_of(const T* x, int64_t count) {
  using A = acc_t<T>;
  constexpr int64_t kBlock = 1 << 20;
  const int64_t whole = count / kSimdPair<A> * kSimdPair<A>;
  Found<A> best{static_cast<A>(x[0]), 0};
  for (int64_t i = 0; i < whole && best.value == best.value; i += kBlock) {
    const Found<A> found = first_largest_of_pairs(x + i, smaller(kBlock, whole - i));
    if (!(found.value <= best.value)) best = {found.value, i + found.place};
  }
  for (int64_t i = whole; i < count && best.value == best.value; ++i) {
    const A value = static_cast<A>(x[i]);
    if (!(value <= best.value)) best = {value, i};
  }
  return best.place;
}

}  // namespace cudenza::kernels
