/// Pooling bf16 forward on the CPU: as many as a register holds at a time, twice what fits once they are widened.
#pragma once
#include "kernels/pool/pool_reduce.h"

namespace cudenza::kernels {

using Words = Simd<int16_t>;

/// Where a is greater than b. g++ 12 compares anew for every choice, and again to negate it.
class Greater {
 public:
#if defined(__AVX512BW__)
  Greater(Words a, Words b) : mask_(_mm512_cmpgt_epi16_mask(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b))) {}
  Words choose(Words there, Words elsewhere) const {
    return reinterpret_cast<Words>(
        _mm512_mask_mov_epi16(reinterpret_cast<__m512i>(elsewhere), mask_, reinterpret_cast<__m512i>(there)));
  }
  bool anywhere() const { return mask_ != 0; }

 private:
  __mmask32 mask_;
#else
  Greater(Words a, Words b) : mask_(a > b) {}
  Words choose(Words there, Words elsewhere) const { return mask_ ? there : elsewhere; }
  bool anywhere() const { return simd_any(mask_); }

 private:
  Words mask_;
#endif
};

template <class Reduce> struct Bf16Register;

/// Maxima are compared as 16-bit integers in the order of their values, both zeros alike. NaN does not fit in; it is only found.
template <> struct Bf16Register<MaxReduce> {
  static constexpr int kLanes = kSimdPair<float>;
  using Index = int16_t;
  Words value, where, largest, smallest;  ///< the last two as such integers

  template <class Lanes> void start(const bf16* x, Lanes) {
    std::memcpy(&value, x, sizeof value);
    largest = smallest = ordered(value);
    where = Words{};
  }
  template <class Lanes> void take(const bf16* x, Words position, Lanes) {
    Words bits;
    std::memcpy(&bits, x, sizeof bits);
    const Words next = ordered(bits);
    const Greater wins(next, largest);
    value = wins.choose(bits, value);
    where = wins.choose(position, where);
    largest = next > largest ? next : largest;
    smallest = next < smallest ? next : smallest;
  }
  bool good() const {
    const Words infinity = Words{} + int16_t{0x7F80};
    return !Greater(largest, infinity).anywhere() && !Greater(-infinity, smallest).anywhere();
  }
  template <class Winner, class Lanes> void store(const WindowResult<bf16, Winner>& to, int64_t c, Lanes) const {
    if (to.streams) simd_stream_register(to.y + c, value);
    else std::memcpy(to.y + c, &value, sizeof value);
    if (to.winner) simd_narrow_words(to.winner + c, where);
  }

 private:
  static Words ordered(Words bits) {
    const Words sign = bits >> 15;
    return ((bits & 0x7FFF) ^ sign) - sign;
  }
};

template <> struct Bf16Register<AvgReduce> {
  static constexpr int kLanes = kSimdPair<float>;
  using Index = int16_t;
  PairOf<bf16> sum;

  template <class Lanes> void start(const bf16* x, Lanes lanes) { sum = {}, take(x, Words{}, lanes); }
  template <class Lanes> void take(const bf16* x, Words /*position*/, Lanes) { sum = sum + simd_load_pair(x); }
  bool good() const { return true; }
  template <class Winner, class Lanes> void store(const WindowResult<bf16, Winner>& to, int64_t c, Lanes) const {
    const Simd<uint32_t> bits = simd_rounded({sum.first * to.scale, sum.second * to.scale});
    if (to.streams) simd_stream_register(to.y + c, bits);
    else std::memcpy(to.y + c, &bits, sizeof bits);
  }
};

}  // namespace cudenza::kernels
