/// A pool's way back on the CPU: what the windows over one input pass to it, added up in registers and written once.
#pragma once
#include <vector>

#include "kernels/pool/pool_math.h"
#include "kernels/simd/simd_pair.h"

namespace cudenza::kernels {

/// A window over an input, seen along one side.
struct Cover {
  int window, place;  ///< its number; the input's place in it
};

/// All windows over each input of a side. They cost divisions, more than a pixel does.
template <class Side> class Covers {
 public:
  explicit Covers(const Side& side) {
    for (int in = 0; in < side.size; ++in) {
      const Span over = covering(side, in);
      begins_.push_back(static_cast<int>(covers_.size()));
      for (int out = over.begin; out < over.end; ++out) covers_.push_back({out, in - window(side, out).begin});
    }
    begins_.push_back(static_cast<int>(covers_.size()));
  }
  const Cover* begin(int in) const { return covers_.data() + begins_[in]; }
  int count(int in) const { return begins_[in + 1] - begins_[in]; }

 private:
  std::vector<Cover> covers_;
  std::vector<int> begins_;
};

/// The sums of neighbouring channels, kLanes of them.
template <class T, class Winner> struct GradientSum {
  using A = acc_t<T>;
  static constexpr int kLanes = kSimd<A>;
  Simd<A> sum{};

  template <class Grad> void add(const T* dy, const Winner* winner, int position, A scale) {
    SimdMask<A> won{};
    if constexpr (Grad::kHasWinner) won = simd_widened<A>(winner);
    sum += Grad::of(simd_load(dy), won, SimdMask<A>{} + position, scale);
  }
  void store(T* dx) const { simd_store(dx, sum); }
  void stream(T* dx) const {
    if constexpr (std::is_same_v<T, A>) simd_stream_register(dx, sum);
    else simd_stream(dx, sum);
  }
};

/// kSimdPair<float> of dy that came from `position`, and 0 for the others: winners are compared 16 bits wide, as dy is.
inline Simd<uint16_t> passed_words(const bf16* dy, const uint8_t* winner, int position) {
  Simd<uint16_t> bits;
  std::memcpy(&bits, dy, sizeof bits);
  return MaxGrad::of(bits, simd_widened_bytes(winner), Simd<uint16_t>{} + static_cast<uint16_t>(position), 0.0f);
}

template <> struct GradientSum<bf16, uint8_t> {
  static constexpr int kLanes = kSimdPair<float>;
  PairOf<bf16> sum;

  template <class Grad> void add(const bf16* dy, const uint8_t* winner, int position, float scale) {
    if constexpr (Grad::kHasWinner) {
      sum = sum + simd_pair(reinterpret_cast<Simd<uint32_t>>(passed_words(dy, winner, position)));
    } else {
      const PairOf<bf16> term = simd_load_pair(dy);
      sum.first += Grad::of(term.first, 0, 0, scale), sum.second += Grad::of(term.second, 0, 0, scale);
    }
  }
  void store(bf16* dx) const {
    const Simd<uint32_t> bits = simd_rounded(sum);
    std::memcpy(dx, &bits, sizeof bits);
  }
  void stream(bf16* dx) const { simd_stream_register(dx, simd_rounded(sum)); }
};

/// A max pool's sum of one term, which needs no arithmetic.
struct OneGradient {
  static constexpr int kLanes = kSimdPair<float>;
  Simd<uint16_t> words;

  template <class Grad> void add(const bf16* dy, const uint8_t* winner, int position, float /*scale*/) {
    words = passed_words(dy, winner, position);
    words = words == 0x8000 ? Simd<uint16_t>{} : words;  // 0 + -0
  }
  void store(bf16* dx) const { std::memcpy(dx, &words, sizeof words); }
  void stream(bf16* dx) const { simd_stream_register(dx, words); }
};
template <class Grad, int kTerms, class T, class Winner>
using GradientSumOf = std::conditional_t<Grad::kHasWinner && kTerms == 1 && std::is_same_v<T, bf16> && sizeof(Winner) == 1,
                                         OneGradient, GradientSum<T, Winner>>;

/// Some windows of one row, and what those of a row of inputs share.
template <class T, class Winner> struct WindowRow {
  const T* dy;  ///< of the row's first window
  const Winner* winner;
  int position;  ///< of a window's first input in the row of inputs
  int counted;   ///< rows that an average divides by
};

/// Writes all channels of an input that lies in kRows times kColumns windows, few enough for all that belongs to them to stay in
/// registers.
template <class Grad, int kRows, int kColumns, class T, class Winner, class Side>
[[gnu::always_inline]] inline void gather_few(const WindowRow<T, Winner> (&rows)[kRows], const Cover* columns,
                                              const PoolShape<Side>& s, T* dx, bool streams) {
  using A = acc_t<T>;
  using Sum = GradientSumOf<Grad, kRows * kColumns, T, Winner>;
  const T* dy[kRows * kColumns];
  const Winner* winner[kRows * kColumns];
  int position[kRows * kColumns];
  A scale[kRows * kColumns];
  for (int k = 0; k < kRows * kColumns; ++k) {
    const auto& row = rows[k / kColumns];
    const auto [window, place] = columns[k % kColumns];
    dy[k] = row.dy + static_cast<int64_t>(window) * s.channels;
    winner[k] = Grad::kHasWinner ? row.winner + static_cast<int64_t>(window) * s.channels : nullptr;
    position[k] = row.position + place;
    scale[k] = Grad::kHasWinner ? A(1) : A(1) / (static_cast<A>(row.counted) * static_cast<A>(counted(s.columns, window)));
  }
  int c = 0;
  for (; c + Sum::kLanes <= s.channels; c += Sum::kLanes) {
    Sum sum;
    for (int k = 0; k < kRows * kColumns; ++k) sum.template add<Grad>(dy[k] + c, winner[k] + c, position[k], scale[k]);
    if (streams) sum.stream(dx + c);
    else sum.store(dx + c);
  }
  for (; c < s.channels; ++c) {
    A sum{};
    for (int k = 0; k < kRows * kColumns; ++k)
      sum += Grad::of(static_cast<A>(dy[k][c]), Grad::kHasWinner ? static_cast<int>(winner[k][c]) : 0, position[k], scale[k]);
    dx[c] = sum;
  }
}

}  // namespace cudenza::kernels
