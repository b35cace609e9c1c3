/// One vector register of neighbouring elements, in acc_t: for the CPU loops that compilers do not vectorise well by
/// themselves. Simd<A> has the language's own operators (GCC's vector extension), which work element by element; a comparison
/// gives a SimdMask<A>, -1 where it holds and 0 where not, and `mask ? a : b` picks elements.
#pragma once
#if defined(__AVX__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/common/float16.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {

#if defined(__AVX512F__)
constexpr int kSimdBytes = 64;
#elif defined(__AVX__)
constexpr int kSimdBytes = 32;
#else
constexpr int kSimdBytes = 16;
#endif

/// How many A a register holds: 16 floats with AVX-512.
template <class A> constexpr int kSimd = kSimdBytes / static_cast<int>(sizeof(A));

template <class A> using Simd __attribute__((vector_size(kSimdBytes))) = A;
/// The integer as large as A, and as many of them as there are A in a register.
template <class A> using mask_t = std::conditional_t<sizeof(A) == 8, int64_t, int32_t>;
template <class A> using SimdMask = Simd<mask_t<A>>;
/// kSimd<A> elements of a type U that may be smaller than A.
template <class U, class A> using SimdOf __attribute__((vector_size(kSimd<A> * sizeof(U)))) = U;

/// Every element is `value`.
template <class A> inline Simd<A> simd_all(A value) { return value - Simd<A>{}; }

/// 0, 1, 2 …
template <class A> inline Simd<A> simd_counting() {
  Simd<A> counting{};
  for (int k = 0; k < kSimd<A>; ++k) counting[k] = static_cast<A>(k);
  return counting;
}

/// Element k is chosen where bit k is 1.
template <class A> inline SimdMask<A> simd_chosen(uint32_t bits) {
  return (mask_t<A>{1} << simd_counting<mask_t<A>>() & static_cast<mask_t<A>>(bits)) != 0;
}

// g++ 12 takes conversions between integers of different sizes by halves, or element by element: the common ones are spelled out.

/// kSimd<A> unsigned integers from any address, each widened to mask_t<A>.
template <class A, class U> inline SimdMask<A> simd_widened(const U* p) {
#if defined(__AVX512F__)
  if constexpr (sizeof(A) == 4 && sizeof(U) == 1)
    return reinterpret_cast<SimdMask<A>>(
        _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  if constexpr (sizeof(A) == 4 && sizeof(U) == 2)
    return reinterpret_cast<SimdMask<A>>(
        _mm512_maskz_cvtepu16_epi32(0xFFFF, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))));
#elif defined(__AVX2__)
  if constexpr (sizeof(A) == 4 && sizeof(U) == 1)
    return reinterpret_cast<SimdMask<A>>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  if constexpr (sizeof(A) == 4 && sizeof(U) == 2)
    return reinterpret_cast<SimdMask<A>>(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#endif
  SimdOf<U, A> elements;
  std::memcpy(&elements, p, sizeof elements);
  return __builtin_convertvector(elements, SimdMask<A>);
}

/// The other way: the lowest bits of each element, to any address.
template <class A, class U> inline void simd_narrow(U* p, SimdMask<A> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(A) == 4 && sizeof(U) == 1)
    return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(0xFFFF, reinterpret_cast<__m512i>(v)));
  if constexpr (sizeof(A) == 4 && sizeof(U) == 2)
    return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(0xFFFF, reinterpret_cast<__m512i>(v)));
#elif defined(__AVX2__)
  if constexpr (sizeof(A) == 4 && sizeof(U) <= 2) {
    const __m256i bits = reinterpret_cast<__m256i>(v & (sizeof(U) == 2 ? 0xFFFF : 0xFF));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    if constexpr (sizeof(U) == 2) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), words);
    else return _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
  }
#endif
  const auto elements = __builtin_convertvector(v, SimdOf<U, A>);
  std::memcpy(p, &elements, sizeof elements);
}

/// The elements p[0] … p[kSimd - 1], in acc_t.
template <class T> inline Simd<acc_t<T>> simd_load(const T* p) {
  using A = acc_t<T>;
  if constexpr (std::is_same_v<T, A>) {
    Simd<A> v;
    std::memcpy(&v, p, sizeof v);
    return v;
  } else if constexpr (std::is_same_v<T, bf16>) {
    return reinterpret_cast<Simd<float>>(simd_widened<float>(&p->bits) << 16);
  } else {
#if defined(__AVX512F__)
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return reinterpret_cast<Simd<float>>(_mm512_maskz_cvtph_ps(0xFFFF, bits));
#elif defined(__F16C__)
    return reinterpret_cast<Simd<float>>(_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#else
    Simd<float> v{};
    for (int k = 0; k < kSimd<float>; ++k) v[k] = p[k];
    return v;
#endif
  }
}

/// The bits of v rounded to bf16 (float16_detail::to_bf16), in each element's lower half; the upper half is 0.
inline Simd<uint32_t> simd_bf16(Simd<float> v) {
#if defined(__AVX512F__)  // g++ 12 makes no masked additions of choices
  const __m512i bits = reinterpret_cast<__m512i>(v);
  const __mmask16 odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x10000));
  const __mmask16 none = _mm512_cmp_ps_mask(reinterpret_cast<__m512>(v), reinterpret_cast<__m512>(v), _CMP_UNORD_Q);
  const __m512i down = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF));
  const __m512i rounded = _mm512_mask_add_epi32(down, odd, bits, _mm512_set1_epi32(0x8000));
  return reinterpret_cast<Simd<uint32_t>>(_mm512_mask_or_epi32(rounded, none, bits, _mm512_set1_epi32(0x400000))) >> 16;
#else
  const Simd<uint32_t> bits = reinterpret_cast<Simd<uint32_t>>(v), rounded = bits + 0x7FFFu + (bits >> 16 & 1u);
#if defined(__AVX2__)  // g++ 12 would shift both sides of the choice
  const auto number = reinterpret_cast<__m256i>(v == v), quiet = reinterpret_cast<__m256i>(bits | 0x400000u);
  return reinterpret_cast<Simd<uint32_t>>(_mm256_blendv_epi8(quiet, reinterpret_cast<__m256i>(rounded), number)) >> 16;
#else
  return (v == v ? rounded : bits | 0x400000u) >> 16;
#endif
#endif
}

/// The instructions that round to bf16 make subnormals 0: registers with any are rounded as above.
constexpr int kSubnormalClass = 0x20;  // of vfpclassps

/// Writes p[0] … p[kSimd - 1], rounded to T.
template <class T> inline void simd_store(T* p, Simd<acc_t<T>> v) {
  using A = acc_t<T>;
  if constexpr (std::is_same_v<T, A>) {
    std::memcpy(p, &v, sizeof v);
  } else if constexpr (std::is_same_v<T, bf16>) {
#if defined(__AVX512BF16__) && defined(__AVX512DQ__)
    const __m512 value = reinterpret_cast<__m512>(v);
    if (_mm512_fpclass_ps_mask(value, kSubnormalClass) == 0) [[likely]]
      return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(value)));
#endif
    simd_narrow<float>(&p->bits, reinterpret_cast<SimdMask<float>>(simd_bf16(v)));
  } else {
#if defined(__AVX512F__)
    const __m256i bits = _mm512_maskz_cvtps_ph(0xFFFF, reinterpret_cast<__m512>(v), _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), bits);
#elif defined(__F16C__)
    const __m128i bits = _mm256_cvtps_ph(reinterpret_cast<__m256>(v), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bits);
#else
    for (int k = 0; k < kSimd<float>; ++k) p[k] = v[k];
#endif
  }
}

/// The order of a pair of registers that holds neighbours side by side. simd_pair.h has another.
struct Neighbours {};

/// Two registers of elements in one order. Another order is another type: what does not belong together does not meet.
template <class A, class Order = Neighbours> struct SimdPair { Simd<A> first{}, second{}; };

template <class A, class Order> inline SimdPair<A, Order> operator+(SimdPair<A, Order> a, SimdPair<A, Order> b) {
  return {a.first + b.first, a.second + b.second};
}
template <class A, class Order> inline SimdPair<A, Order> operator-(SimdPair<A, Order> a, SimdPair<A, Order> b) {
  return {a.first - b.first, a.second - b.second};
}
template <class A, class Order> inline SimdPair<A, Order> operator*(SimdPair<A, Order> a, SimdPair<A, Order> b) {
  return {a.first * b.first, a.second * b.second};
}

/// The elements p[0] … p[2 kSimd - 1], neighbours side by side: with AVX-512, both halves of a register of bf16 are widened by
/// one instruction each.
template <class T> inline SimdPair<acc_t<T>> simd_load2(const T* p) {
#if defined(__AVX512BW__)
  if constexpr (std::is_same_v<T, bf16>) {
    const Simd<uint16_t> place{0, 0, 0, 1, 0, 2,  0, 3,  0, 4,  0, 5,  0, 6,  0, 7,
                               0, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, 15};
    const __m512i bits = _mm512_loadu_si512(p);
    const auto widened = [bits](Simd<uint16_t> from) {
      return reinterpret_cast<Simd<float>>(_mm512_maskz_permutexvar_epi16(0xAAAAAAAA, reinterpret_cast<__m512i>(from), bits));
    };
    return {widened(place), widened(place + 16)};
  }
#endif
  return {simd_load(p), simd_load(p + kSimd<acc_t<T>>)};
}

/// Two registers side by side: bf16 pairs share their packing.
template <class T> inline void simd_store2(T* p, Simd<acc_t<T>> first, Simd<acc_t<T>> second) {
#if defined(__AVX512BF16__) && defined(__AVX512DQ__)
  if constexpr (std::is_same_v<T, bf16>) {
    const __m512 low = reinterpret_cast<__m512>(first), high = reinterpret_cast<__m512>(second);
    if ((_mm512_fpclass_ps_mask(low, kSubnormalClass) | _mm512_fpclass_ps_mask(high, kSubnormalClass)) == 0) [[likely]]
      return _mm512_storeu_si512(p, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
#endif
#if defined(__AVX2__) && !defined(__AVX512F__)
  if constexpr (std::is_same_v<T, bf16>) {
    const __m256i low = reinterpret_cast<__m256i>(simd_bf16(first)), high = reinterpret_cast<__m256i>(simd_bf16(second));
    const __m256i quarters = _mm256_packus_epi32(low, high);  // by halves of 128 bits: 0, 2, 1, 3
    return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(quarters, 0xD8));
  }
#endif
  simd_store(p, first);
  simd_store(p + kSimd<acc_t<T>>, second);
}

/// simd_store past the cache (kernels/simd/streaming.h). REQUIRES p aligned to the bytes that are written.
template <class T> inline void simd_stream(T* p, Simd<acc_t<T>> v) {
  alignas(kSimdBytes) T elements[kSimd<acc_t<T>>];
  simd_store(elements, v);
#if defined(__AVX__)
  if constexpr (sizeof elements >= 32) return stream_out(p, elements, sizeof elements);
  return _mm_stream_si128(reinterpret_cast<__m128i*>(p), _mm_load_si128(reinterpret_cast<const __m128i*>(elements)));
#else
  std::memcpy(p, elements, sizeof elements);
#endif
}

/// `lanes` elements, a whole register if that is the constant kSimd; fewer are the first ones, the others loaded as 0.
template <class T, class Lanes> inline Simd<acc_t<T>> simd_load(const T* p, Lanes lanes) {
  if constexpr (!std::is_same_v<Lanes, int>) return simd_load(p);
#if defined(__AVX512VL__) && defined(__AVX512BW__)
  const auto some = static_cast<__mmask16>((1u << lanes) - 1);
  if constexpr (std::is_same_v<T, float>) return reinterpret_cast<Simd<float>>(_mm512_maskz_loadu_ps(some, p));
  if constexpr (std::is_same_v<T, bf16>)
    return reinterpret_cast<Simd<float>>(
        reinterpret_cast<SimdMask<float>>(_mm512_maskz_cvtepu16_epi32(0xFFFF, _mm256_maskz_loadu_epi16(some, p))) << 16);
#endif
  T elements[kSimd<acc_t<T>>] = {};
  std::memcpy(elements, p, static_cast<size_t>(lanes) * sizeof(T));
  return simd_load(elements);
}
template <class T, class Lanes> inline void simd_store(T* p, Simd<acc_t<T>> v, Lanes lanes) {
  if constexpr (!std::is_same_v<Lanes, int>) return simd_store(p, v);
  T elements[kSimd<acc_t<T>>];
  simd_store(elements, v);
  std::memcpy(p, elements, static_cast<size_t>(lanes) * sizeof(T));
}

/// larger() of each two elements. (g++ 12 would compare and choose, which takes twice as long.)
template <class A> inline Simd<A> simd_max(Simd<A> a, Simd<A> b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(A) == 4)
    return reinterpret_cast<Simd<A>>(_mm512_maskz_max_ps(0xFFFF, reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(a)));
#elif defined(__AVX__)
  if constexpr (sizeof(A) == 4)
    return reinterpret_cast<Simd<A>>(_mm256_max_ps(reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(a)));
#endif
  return a < b ? b : a;
}

/// What the operation makes of all elements: first of those that are half a register apart, at last of neighbours.
template <class A, class Op, size_t kStep = kSimd<A> / 2> inline A simd_joined(Simd<A> v, Op op) {
  if constexpr (kStep == 0) {
    return v[0];
  } else {
    const auto others = [&]<size_t... k>(std::index_sequence<k...>) { return __builtin_shufflevector(v, v, (k ^ kStep)...); };
    return simd_joined<A, Op, kStep / 2>(op(v, others(std::make_index_sequence<kSimd<A>>{})), op);
  }
}

/// Calls f(i, lanes) for the registers of `count` elements: with the constant kSimd<A>, and at last with the int that is left.
template <class A, class F> inline void simd_for(int64_t count, F&& f) {
  int64_t i = 0;
  for (; i + kSimd<A> <= count; i += kSimd<A>) f(i, std::integral_constant<int, kSimd<A>>{});
  if (i < count) f(i, static_cast<int>(count - i));
}

/// The same for work that waits for its own results: calls f(i, registers, lanes), four registers at a time while there are so
/// many, then one. Both are constants but the last `lanes`.
template <class A, class F> inline void simd_for_fours(int64_t count, F&& f) {
  constexpr int kFour = 4 * kSimd<A>;
  int64_t i = 0;
  for (; i + kFour <= count; i += kFour) f(i, std::integral_constant<int, 4>{}, std::integral_constant<int, kSimd<A>>{});
  simd_for<A>(count - i, [&](int64_t k, auto lanes) { f(i + k, std::integral_constant<int, 1>{}, lanes); });
}

}  // namespace cudenza::kernels
