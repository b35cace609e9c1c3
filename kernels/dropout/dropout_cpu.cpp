#include "kernels/common/philox_words.h"
#include "kernels/dropout/dropout_instances.h"
#include "kernels/dropout/dropout_math.h"
#include "kernels/pointwise/pointwise_math.h"
#include "kernels/simd/simd_map.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {
namespace {

constexpr int kStretch = 512;  // elements whose numbers are made together
constexpr int kMaskWord = 32;  // elements whose bits are
static_assert(kMaskWord == kTile);

/// Bit k is 1 where number k >= threshold, for kMaskWord numbers, two in each word.
uint32_t kept_bits(const uint32_t* words, uint32_t threshold) {
#if defined(__AVX512BW__)
  return _mm512_cmpge_epu16_mask(_mm512_loadu_si512(words), _mm512_set1_epi16(static_cast<short>(threshold)));
#elif defined(__AVX2__)
  const __m256i least = _mm256_set1_epi16(static_cast<short>(threshold));
  const auto kept = [=](const uint32_t* from) {
    const __m256i number = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_cmpeq_epi16(_mm256_max_epu16(number, least), number);
  };
  const __m256i bytes = _mm256_packs_epi16(kept(words), kept(words + 8));  // by halves of 128 bits: 0, 2, 1, 3
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_permute4x64_epi64(bytes, 0xD8)));
#else
  uint32_t bits = 0;
  for (int k = 0; k < kMaskWord; ++k) bits |= static_cast<uint32_t>((words[k / 2] >> 16 * (k % 2) & 0xFFFFu) >= threshold) << k;
  return bits;
#endif
}

/// y[k] = x[k] * (bit k ? scale : 0) for k < width. Always inline: constants stay in registers.
template <class T, class Width>
[[gnu::always_inline]] inline void apply_bits(const T* x, T* y, uint32_t bits, acc_t<T> scale, Width width) {
  using A = acc_t<T>;
  alignas(64) A factor[kTile];
  for (int k = 0; k < kTile; k += kSimd<A>) simd_store(factor + k, simd_chosen<A>(bits >> k) ? simd_all(scale) : Simd<A>{});
  map_tile(y, width, Times{}, Tile<T>(x, width), Tile<A>(factor, width));
}

}  // namespace

template <class T>
void dropout_forward(Cpu, const T* x, T* y, uint8_t* mask, int64_t count, double p, const RandomStream& stream, int64_t first) {
  const DropRule<acc_t<T>> rule(p);
  const auto fill = [=, step = stream.step ? *stream.step : 0](T* place, int64_t begin, int64_t end) {
    alignas(64) uint32_t words[kStretch / 2];
    for_tiles(end - begin, [&](int64_t at, auto length) {  // pieces begin at multiples of kStretch
      const int64_t i = begin + at;
      if (i % kStretch == 0)
        philox_words(stream.seed, stream.op, step, static_cast<uint64_t>((first + i) / 8), kStretch / 8, words);
      const uint32_t inside = ~0u >> (kMaskWord - length), bits = kept_bits(words + i % kStretch / 2, rule.threshold) & inside;
      if (mask) std::memcpy(mask + i / 8, &bits, static_cast<size_t>(dropout_mask_bytes(length)));
      apply_bits(x + i, place + at, bits, rule.scale, length);
    });
  };
  parallel_fill_by<kStretch>(y, count, 4, fill);
}

template <class T> void dropout_backward(Cpu, const T* dy, const uint8_t* mask, T* dx, int64_t count, double p) {
  const DropRule<acc_t<T>> rule(p);
  parallel_fill(dx, count, 1, [=](T* place, int64_t begin, int64_t end) {
    for_tiles(end - begin, [=](int64_t at, auto length) {
      const int64_t i = begin + at;
      uint32_t bits = 0;
      std::memcpy(&bits, mask + i / 8, static_cast<size_t>(dropout_mask_bytes(length)));
      apply_bits(dy + i, place + at, bits, rule.scale, length);
    });
  });
}

template <class T>
void drop_path(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream, int64_t first) {
  using A = acc_t<T>;
  const DropRule<A> rule(p);
  // Pieces of elements, not of samples: one sample, too, is shared among the threads.
  parallel_fill(y, samples * sample_size, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      const int64_t sample = at / sample_size, length = smaller((sample + 1) * sample_size, end) - at;
      const A factor = rule.factor(rule.keeps(random_number(stream, first + sample)));
      simd_map(
          place + (at - begin), length, [=](A value) { return value * factor; }, x + at);
      at += length;
    }
  });
}

CUDENZA_DROPOUT(Cpu, float)
CUDENZA_DROPOUT(Cpu, bf16)
CUDENZA_DROPOUT(Cpu, f16)

}  // namespace cudenza::kernels
