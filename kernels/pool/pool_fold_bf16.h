/// Pooling bf16 forward on the CPU: as many as a register holds at a time, twice what fits once they are widened.
#pragma once
#include "kernels/common/simd_pair.h"
#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {

/// The pixels of one window, for some channels.
template <class T> struct WindowView {
  const T* first;
  int64_t row_stride, pixel_stride;
  int height, width, position_stride;  ///< positions of neighbouring rows lie so far apart
};

template <class Fold> struct Bf16Fold;

/// Maxima are compared as 16-bit integers in the order of their values, both zeros alike. NaN does not fit in; it is only found.
template <> struct Bf16Fold<MaxFold> {
  using Words = Simd<int16_t>;
  static constexpr int16_t kInfinity = 0x7F80;
  Words key = Words{} - kInfinity, where{}, nan{};

  void take(const bf16* x, int16_t position) {
    Words bits;
    std::memcpy(&bits, x, sizeof bits);
    const Words size = bits & 0x7FFF, sign = bits >> 15, next = (size ^ sign) - sign, wins = next > key;
    nan |= size + (0x7FFF - kInfinity);  // over the largest number: negative
    key = wins ? next : key;
    where = wins ? Words{} + position : where;
  }
  bool has_nan() const { return simd_any<float>(reinterpret_cast<SimdMask<float>>(nan < 0)); }
  Simd<uint32_t> result(float /*scale*/) const {
    const Words sign = key >> 15;
    return reinterpret_cast<Simd<uint32_t>>(((key ^ sign) - sign) | (sign & static_cast<int16_t>(0x8000)));
  }
  void store_winner(uint8_t* winner) const { simd_narrow_words(winner, where); }
};

template <> struct Bf16Fold<AvgFold> {
  SimdPair<float> sum;

  void take(const bf16* x, int16_t /*position*/) {
    const SimdPair<float> next = simd_load_pair(x);
    sum.first += next.first, sum.second += next.second;
  }
  bool has_nan() const { return false; }
  Simd<uint32_t> result(float scale) const { return simd_rounded({sum.first * scale, sum.second * scale}); }
  void store_winner(uint8_t* /*winner*/) const {}
};

/// Folds whole registers of channels into y and winner and returns how many channels it did: it stops before a NaN in a maximum.
/// kRegisters at a time: few stay in registers, many are read in long runs.
template <class Fold, int kRegisters>
int fold_bf16(const WindowView<bf16>& view, bf16* y, uint8_t* winner, float scale, int channels) {
  constexpr int kLanes = kSimdPair<float>;
  int c = 0;
  for (; c + kRegisters * kLanes <= channels; c += kRegisters * kLanes) {
    Bf16Fold<Fold> folds[kRegisters];
    for (int p = 0; p < view.height; ++p) {
      const bf16* pixel = view.first + p * view.row_stride + c;
      int position = p * view.position_stride;
      for (int q = 0; q < view.width; ++q, pixel += view.pixel_stride, ++position) {
        for (int r = 0; r < kRegisters; ++r) folds[r].take(pixel + r * kLanes, static_cast<int16_t>(position));
      }
    }
    for (const auto& fold : folds)
      if (fold.has_nan()) return c;
    for (int r = 0; r < kRegisters; ++r) {
      const Simd<uint32_t> bits = folds[r].result(scale);
      std::memcpy(y + c + r * kLanes, &bits, sizeof bits);
      if (winner) folds[r].store_winner(winner + c + r * kLanes);
    }
  }
  return c;
}

}  // namespace cudenza::kernels
