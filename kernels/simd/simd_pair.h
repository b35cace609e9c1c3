/// Two registers at a time, for sums and searches that do not care which element stands where. A register's worth of bf16 widens
/// to two: those at even places and those at odd ones. Both conversions then stay within 32-bit places, where simd.h's, which
/// keep neighbours together, move elements across the register: half the work. The two orders are two types.
#pragma once
#include "kernels/simd/simd.h"

namespace cudenza::kernels {

template <class A> constexpr int kSimdPair = 2 * kSimd<A>;

/// The order of a pair of which the first register holds the elements at even places, the second those at odd ones.
struct EvenOdd {};

/// The pair that a register's worth of T widens to.
template <class T> using PairOf = SimdPair<acc_t<T>, std::conditional_t<std::is_same_v<T, bf16>, EvenOdd, Neighbours>>;

inline PairOf<bf16> simd_pair(Simd<uint32_t> bits) {
  return {reinterpret_cast<Simd<float>>(bits << 16), reinterpret_cast<Simd<float>>(bits & 0xFFFF0000u)};
}

/// p[0] … p[kSimdPair - 1] in acc_t.
template <class T> inline PairOf<T> simd_load_pair(const T* p) {
  if constexpr (std::is_same_v<T, bf16>) {
    Simd<uint32_t> bits;
    std::memcpy(&bits, p, sizeof bits);
    return simd_pair(bits);
  } else {
    return {simd_load(p), simd_load(p + kSimd<acc_t<T>>)};
  }
}

/// Numbers that go with pairs of T and are kept in their order.
template <class T> inline PairOf<T> simd_load_kept(const acc_t<T>* p) { return {simd_load(p), simd_load(p + kSimd<acc_t<T>>)}; }
template <class T> inline void simd_store_kept(acc_t<T>* p, PairOf<T> v) { simd_store2(p, v.first, v.second); }

/// Which of the elements that simd_load_pair<T> reads stands at place k, counted through both registers.
template <class T> constexpr int64_t simd_pair_element(int64_t k) {
  constexpr int64_t kHalf = kSimd<acc_t<T>>;
  return !std::is_same_v<T, bf16> ? k : (k < kHalf ? 2 * k : 2 * (k - kHalf) + 1);
}

/// Kept values[0, count) to the elements' own order; what fills no pair is in order.
template <class T> inline void simd_pairs_to_elements(acc_t<T>* values, int64_t count) {
  using A = acc_t<T>;
  if constexpr (!std::is_same_v<T, bf16>) return;
  for (int64_t i = 0; i + kSimdPair<A> <= count; i += kSimdPair<A>) {
    A ordered[kSimdPair<A>];
#pragma GCC unroll 32
    for (int k = 0; k < kSimdPair<A>; ++k) ordered[simd_pair_element<T>(k)] = values[i + k];
    std::memcpy(values + i, ordered, sizeof ordered);
  }
}

/// The other way, from one array to another.
template <class T> inline void simd_elements_to_pairs(const acc_t<T>* values, acc_t<T>* pairs, int64_t count) {
  using A = acc_t<T>;
  int64_t i = 0;
  for (; i + kSimdPair<A> <= count; i += kSimdPair<A>) {
#pragma GCC unroll 32
    for (int k = 0; k < kSimdPair<A>; ++k) pairs[i + k] = values[i + simd_pair_element<T>(k)];
  }
  for (; i < count; ++i) pairs[i] = values[i];
}

/// kSimdPair<float> bytes, each widened to 16 bits. g++ 12 does that by halves by itself.
inline Simd<uint16_t> simd_widened_bytes(const uint8_t* p) {
#if defined(__AVX512BW__)
  return reinterpret_cast<Simd<uint16_t>>(_mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
#elif defined(__AVX2__) && !defined(__AVX512F__)
  return reinterpret_cast<Simd<uint16_t>>(_mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#else
  SimdOf<uint8_t, uint16_t> bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return __builtin_convertvector(bytes, Simd<uint16_t>);
#endif
}

/// The other way: the lowest bits of each.
inline void simd_narrow_words(uint8_t* p, Simd<int16_t> v) {
#if defined(__AVX2__) && !defined(__AVX512F__)
  const __m256i bytes = reinterpret_cast<__m256i>(v & 0xFF);
  const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(low, high));
#else
  const auto bytes = __builtin_convertvector(v, SimdOf<uint8_t, uint16_t>);
  std::memcpy(p, &bytes, sizeof bytes);
#endif
}

/// Whether a comparison, which gave `mask`, holds anywhere.
template <class Mask> inline bool simd_any(Mask mask) {
  static_assert(sizeof mask == kSimdBytes);
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask(reinterpret_cast<__m512i>(mask), reinterpret_cast<__m512i>(mask)) != 0;
#elif defined(__AVX__)
  return !_mm256_testz_si256(reinterpret_cast<__m256i>(mask), reinterpret_cast<__m256i>(mask));
#else
  const auto halves = reinterpret_cast<Simd<uint64_t>>(mask);
  return (halves[0] | halves[1]) != 0;
#endif
}

/// Whether a NaN is among them.
inline bool simd_has_nan(PairOf<bf16> v) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(v.first), reinterpret_cast<__m512>(v.second), _CMP_UNORD_Q) != 0;
#elif defined(__AVX__)
  const auto first = reinterpret_cast<__m256>(v.first), second = reinterpret_cast<__m256>(v.second);
  return _mm256_movemask_ps(_mm256_cmp_ps(first, second, _CMP_UNORD_Q)) != 0;
#else
  return simd_any((v.first != v.first) | (v.second != v.second));
#endif
}

/// The bits of numbers; rounded to bf16 they are the upper half.
inline Simd<uint32_t> simd_upper_half_rounded(Simd<float> v) {
  const Simd<uint32_t> bits = reinterpret_cast<Simd<uint32_t>>(v);
  return bits + (0x7FFFu + (bits >> 16 & 1u));
}

/// The bf16 that simd_pair() came of. NaN, which takes twice the steps, is looked for first.
inline Simd<uint32_t> simd_rounded(PairOf<bf16> v) {
  if (__builtin_expect(simd_has_nan(v), false)) return simd_bf16(v.first) | simd_bf16(v.second) << 16;
  return simd_upper_half_rounded(v.first) >> 16 | (simd_upper_half_rounded(v.second) & 0xFFFF0000u);
}

/// Writes a register past the cache (kernels/simd/streaming.h). REQUIRES p aligned to its size.
template <class Register> inline void simd_stream_register(void* p, Register v) {
#if defined(__AVX512F__)
  if constexpr (sizeof v == 64) return _mm512_stream_si512(static_cast<__m512i*>(p), reinterpret_cast<__m512i>(v));
#endif
#if defined(__AVX__)
  if constexpr (sizeof v == 32) return _mm256_stream_si256(static_cast<__m256i*>(p), reinterpret_cast<__m256i>(v));
#endif
  std::memcpy(p, &v, sizeof v);
}

/// A pair to where simd_load_pair() would find it, past the cache if it `streams` (REQUIRES p aligned to a register then).
template <class T> inline void simd_store_pair(T* p, PairOf<T> v, bool streams) {
  if constexpr (std::is_same_v<T, bf16>) {
    const Simd<uint32_t> bits = simd_rounded(v);
    if (streams) simd_stream_register(p, bits);
    else std::memcpy(p, &bits, sizeof bits);
  } else if constexpr (std::is_same_v<T, acc_t<T>>) {
    if (!streams) return simd_store2(p, v.first, v.second);
    simd_stream_register(p, v.first);
    simd_stream_register(p + kSimd<T>, v.second);
  } else {
    if (!streams) return simd_store2(p, v.first, v.second);
    simd_stream(p, v.first);
    simd_stream(p + kSimd<float>, v.second);
  }
}

/// The elements of a pair at p whose bit is 1, 0 in place of the others.
template <class T> inline PairOf<T> simd_load_chosen(const T* p, uint32_t bits) {
  using A = acc_t<T>;
  if constexpr (std::is_same_v<T, bf16>) {
#if defined(__AVX512BW__)
    return simd_pair(reinterpret_cast<Simd<uint32_t>>(_mm512_maskz_loadu_epi16(bits, p)));
#else
    static_assert(kSimdPair<float> <= 16);
    Simd<uint16_t> words, place{};
    std::memcpy(&words, p, sizeof words);
    for (int k = 0; k < kSimdPair<float>; ++k) place[k] = static_cast<uint16_t>(1 << k);
    return simd_pair(reinterpret_cast<Simd<uint32_t>>((place & static_cast<uint16_t>(bits)) != 0 ? words : Simd<uint16_t>{}));
#endif
  } else {
    return {simd_chosen<A>(bits) ? simd_load(p) : Simd<A>{},
            simd_chosen<A>(bits >> kSimd<A>) ? simd_load(p + kSimd<A>) : Simd<A>{}};
  }
}

}  // namespace cudenza::kernels
