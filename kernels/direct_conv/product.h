/// How two numbers of a type are multiplied, and what their sums are.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/simd/simd.h"

namespace cudenza::kernels::direct_conv {

/// For x of type T. Both operands come as words of 32 bits, which hold kChannels neighbouring channels; those of filters
/// stand in a register, and one word of x meets them all. Sum is f32, or int32_t for bytes.
template <class T> struct Product;

template <> struct Product<float> {
  using Sum = float;
  static constexpr int kChannels = 1;
  static Simd<float> add(Simd<float> sum, const float* word, Simd<float> filters) { return sum + *word * filters; }
};

template <> struct Product<bf16> {
  using Sum = float;
  static constexpr int kChannels = 2;
  static Simd<float> add(Simd<float> sum, const float* word, Simd<float> filters) {
#if defined(__AVX512BF16__)
    const __m512i pair = _mm512_set1_epi32(std::bit_cast<int32_t>(*word));
    return reinterpret_cast<Simd<float>>(
        _mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), std::bit_cast<__m512bh>(pair), std::bit_cast<__m512bh>(filters)));
#else
    const auto bits = reinterpret_cast<Simd<uint32_t>>(filters);
    const uint32_t pair = std::bit_cast<uint32_t>(*word);
    sum += std::bit_cast<float>(pair << 16) * reinterpret_cast<Simd<float>>(bits << 16);
    return sum + std::bit_cast<float>(pair & 0xFFFF0000u) * reinterpret_cast<Simd<float>>(bits & 0xFFFF0000u);
#endif
  }
};

/// x is unsigned and filters are signed, which is what the CPUs' instructions take. Exact while no sum leaves 32 bits.
template <> struct Product<uint8_t> {
  using Sum = int32_t;
  static constexpr int kChannels = 4;
  static Simd<int32_t> add(Simd<int32_t> sum, const float* word, Simd<float> filters) {
    const auto four = std::bit_cast<int32_t>(*word);
#if defined(__AVX512VNNI__)
    return reinterpret_cast<Simd<int32_t>>(
        _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), _mm512_set1_epi32(four), reinterpret_cast<__m512i>(filters)));
#elif defined(__AVXVNNI__) && !defined(__AVX512F__)
    return reinterpret_cast<Simd<int32_t>>(
        _mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sum), _mm256_set1_epi32(four), reinterpret_cast<__m256i>(filters)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
    // In 16 bits the products of two channels and their sum are exact; vpmaddubsw would stop at 32767.
    const __m256i x = _mm256_set1_epi32(four), w = reinterpret_cast<__m256i>(filters), low = _mm256_set1_epi16(0xFF);
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, low), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
    const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
    return sum + reinterpret_cast<Simd<int32_t>>(even) + reinterpret_cast<Simd<int32_t>>(odd);
#else
    const auto bits = reinterpret_cast<Simd<int32_t>>(filters);
    for (int i = 0; i < 4; ++i) sum += (four >> 8 * i & 0xFF) * (bits << (24 - 8 * i) >> 24);
    return sum;
#endif
  }
};

template <class T> using Sums = Simd<typename Product<T>::Sum>;

}  // namespace cudenza::kernels::direct_conv
