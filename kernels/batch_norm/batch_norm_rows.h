/// Batch norm over some rows on the CPU: what is added up over them, and the way back through them. Channels are taken by pairs
/// of registers (kernels/simd/simd_pair.h), for which numbers of the channels lie in the order that pairs are loaded in.
#pragma once
#include <type_traits>
#include <vector>

#include "kernels/batch_norm/batch_norm_math.h"
#include "kernels/simd/fetch_ahead.h"
#include "kernels/simd/simd_pair.h"

namespace cudenza::kernels {

/// Of a pair, as T.
template <class T> constexpr int64_t kPairBytes = kSimdPair<acc_t<T>>* static_cast<int64_t>(sizeof(T));

/// values[channels], in the order of pairs of T.
template <class T> std::vector<acc_t<T>> in_pairs(const acc_t<T>* values, int64_t channels) {
  std::vector<acc_t<T>> pairs(static_cast<size_t>(channels));
  simd_elements_to_pairs<T>(values, pairs.data(), channels);
  return pairs;
}

/// Calls f(row, count) for every four rows, with the constant 4, and for each of the rest.
template <class F> void for_every_four_rows(int64_t rows, F&& f) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) f(r, std::integral_constant<int, 4>{});
  for (; r < rows; ++r) f(r, std::integral_constant<int, 1>{});
}

/// Calls pair(c) for the pairs of registers that whole channels fill, and some(c, lanes) for the registers of those that are
/// left.
template <class T, class Pair, class Some>
[[gnu::always_inline]] inline void for_channels(int64_t channels, Pair pair, Some some) {
  using A = acc_t<T>;
  int64_t c = 0;
  for (; c + kSimdPair<A> <= channels; c += kSimdPair<A>) pair(c);
  if (c < channels) simd_for<A>(channels - c, [&](int64_t i, auto lanes) { some(c + i, lanes); });
}

/// acc += v, in memory.
template <class T> void add_pair(acc_t<T>* acc, PairOf<T> v) { simd_store_kept<T>(acc, simd_load_kept<T>(acc) + v); }
template <class A, class Register, class Lanes> void add_some(A* acc, Register v, Lanes lanes) {
  simd_store(acc, simd_load(acc, lanes) + v, lanes);
}

/// sums[c] += x - shift, and squares[c] += (x - shift)², over so many rows.
template <int kRows, class T, class A = acc_t<T>>
void add_moments(const T* x, int64_t channels, const A* shift, A* sums, A* squares) {
  const auto pair = [=](int64_t c) {
    const PairOf<T> from = simd_load_kept<T>(shift + c);
    PairOf<T> sum, square;
    for (int k = 0; k < kRows; ++k) {
      const T* const at = x + k * channels + c;
      fetch_ahead(at + kRows * channels, kPairBytes<T>);
      const PairOf<T> shifted = simd_load_pair(at) - from;
      sum = sum + shifted, square = square + shifted * shifted;
    }
    add_pair<T>(sums + c, sum);
    add_pair<T>(squares + c, square);
  };
  const auto some = [=](int64_t c, auto lanes) {
    const Simd<A> from = simd_load(shift + c, lanes);
    Simd<A> sum{}, square{};
    for (int k = 0; k < kRows; ++k) {
      const Simd<A> shifted = simd_load(x + k * channels + c, lanes) - from;
      sum += shifted;
      square += shifted * shifted;
    }
    add_some(sums + c, sum, lanes);
    add_some(squares + c, square, lanes);
  };
  for_channels<T>(channels, pair, some);
}

/// Moments of each channel over `rows` rows, by the sums of x - shift and (x - shift)². The shift is the mean of the first
/// m = 8 rows: then (mean - shift)² <= variance rows / m, so that no more digits cancel in m2 than rows / m has, be x what it
/// may. Means are left as they lie above `origin`, small numbers with all their digits. One pass: the rows come from memory.
template <class T, class A = acc_t<T>>
void moments_of_rows(const T* x, const T* origin, int64_t rows, int64_t channels, A* shift, A* mean, A* m2) {
  const int64_t first_rows = smaller<int64_t>(rows, 8);
  for (int64_t c = 0; c < channels; ++c) shift[c] = mean[c] = m2[c] = A(0);
  for (int64_t r = 0; r < first_rows; ++r) {
    const T* const row = x + r * channels;
    for_channels<T>(
        channels, [=](int64_t c) { add_pair<T>(shift + c, simd_load_pair(row + c)); },
        [=](int64_t c, auto lanes) { add_some(shift + c, simd_load(row + c, lanes), lanes); });
  }
  for (int64_t c = 0; c < channels; ++c) shift[c] /= static_cast<A>(first_rows);
  for_every_four_rows(rows, [=](int64_t r, auto count) { add_moments<count>(x + r * channels, channels, shift, mean, m2); });
  for (A* const sums : {shift, mean, m2}) simd_pairs_to_elements<T>(sums, channels);
  for (int64_t c = 0; c < channels; ++c) {
    const A rest = mean[c] / static_cast<A>(rows);
    m2[c] = larger(m2[c] - rest * mean[c], A(0));
    mean[c] = shift[c] - static_cast<A>(origin[c]) + rest;
  }
}

/// Whether an array of T, of such a shape, is written past the cache: by whole pairs.
template <class T> bool streams(const T* to, const BatchNormShape& shape) {
  return rows_stream(to, shape.rows, shape.channels * static_cast<int64_t>(sizeof(T)), kPairBytes<T>);
}

/// A row's bits of the ReLU's mask: all 1 where there is none.
class MaskRow {
 public:
  MaskRow(const uint32_t* mask, const BatchNormShape& shape, int64_t row)
      : words_(mask ? mask + row * shape.mask_words_per_row() : nullptr) {}
  /// From channel c on, as far as the word reaches.
  uint32_t from(int64_t c) const { return words_ ? words_[c / 32] >> (c % 32) : ~0u; }

 private:
  const uint32_t* words_;
};

/// The sums of GradientSums of each channel over rows [begin, end). `mean` is in pairs.
template <class T, class A = acc_t<T>>
void gradient_sums_of_rows(const BatchNormUpstream<T>& up, const T* x, const BatchNormShape& shape, const A* mean, int64_t begin,
                           int64_t end, A* sum_dz, A* sum_dz_x) {
  const int64_t channels = shape.channels;
  const bool streams_dz = up.more && streams(up.dz, shape);
  for (int64_t c = 0; c < channels; ++c) sum_dz[c] = sum_dz_x[c] = A(0);
  for (int64_t r = begin; r < end; ++r) {
    const MaskRow mask(up.mask, shape, r);
    const int64_t row = r * channels;
    const auto pair = [&](int64_t c) {
      const int64_t at = row + c;
      fetch_ahead(x + at + channels, kPairBytes<T>);
      fetch_ahead(up.dy + at + channels, kPairBytes<T>);
      PairOf<T> dz;
      if (up.more) {
        T sum[kSimdPair<A>];  // rounded, as T keeps it
        simd_store_pair(sum, simd_load_pair(up.dy + at) + simd_load_pair(up.more + at), false);
        dz = simd_load_chosen(sum, mask.from(c));
        simd_store_pair(up.dz + at, dz, streams_dz);
      } else {
        dz = simd_load_chosen(up.dy + at, mask.from(c));
      }
      add_pair<T>(sum_dz + c, dz);
      add_pair<T>(sum_dz_x + c, dz * (simd_load_pair(x + at) - simd_load_kept<T>(mean + c)));
    };
    const auto some = [&](int64_t c, auto lanes) {
      const int64_t at = row + c;
      Simd<A> dz = simd_load(up.dy + at, lanes);
      if (up.more) {
        T sum[kSimd<A>];
        simd_store(sum, dz + simd_load(up.more + at, lanes));
        dz = simd_load(sum);
      }
      dz = simd_chosen<A>(mask.from(c)) ? dz : Simd<A>{};
      if (up.more) simd_store(up.dz + at, dz, lanes);
      add_some(sum_dz + c, dz, lanes);
      add_some(sum_dz_x + c, dz * (simd_load(x + at, lanes) - simd_load(mean + c, lanes)), lanes);
    };
    for_channels<T>(channels, pair, some);
  }
  for (A* const sums : {sum_dz, sum_dz_x}) simd_pairs_to_elements<T>(sums, channels);
}

/// The terms of InputGradient, each for all channels, in pairs.
template <class T> struct InputGradients {
  using A = acc_t<T>;
  std::vector<A> mean, scale, slope, offset;

  /// x is given where dgamma and dbeta are; else the gradient is scale dz.
  InputGradients(const BatchNormShape& shape, const BatchNormChannels<A>& channels, const A* dgamma, const A* dbeta) {
    std::vector<A> scales, slopes, offsets;
    for (int64_t c = 0; c < shape.channels; ++c) {
      const auto one = input_gradient(channels.gamma[c], channels.mean[c], channels.inv_std[c], dgamma ? dgamma[c] : A(0),
                                      dbeta ? dbeta[c] : A(0), A(1) / static_cast<A>(shape.rows));
      scales.push_back(one.scale), slopes.push_back(one.slope), offsets.push_back(one.offset);
    }
    mean = in_pairs<T>(channels.mean, shape.channels), scale = in_pairs<T>(scales.data(), shape.channels);
    slope = in_pairs<T>(slopes.data(), shape.channels), offset = in_pairs<T>(offsets.data(), shape.channels);
  }
};

/// dx and dresidual (each or null) of rows [begin, end).
template <class T, class A = acc_t<T>>
void backward_apply_to_rows(const T* dy, const T* x, const uint32_t* mask, const BatchNormShape& shape,
                            const InputGradients<T>& gradients, T* dx, T* dresidual, int64_t begin, int64_t end) {
  constexpr int64_t kAhead = 4096 / sizeof(T);
  const bool streams_dx = dx && streams(dx, shape), streams_dresidual = dresidual && streams(dresidual, shape);
  const A *means = gradients.mean.data(), *scales = gradients.scale.data(), *slopes = gradients.slope.data(),
          *offsets = gradients.offset.data();
  for (int64_t r = begin; r < end; ++r) {
    const MaskRow bits(mask, shape, r);
    const int64_t row = r * shape.channels;
    const auto pair = [=](int64_t c) {
      const int64_t at = row + c;
      fetch_ahead(dy + at + kAhead, kPairBytes<T>);
      const PairOf<T> dz = simd_load_chosen(dy + at, bits.from(c));
      if (dresidual) simd_store_pair(dresidual + at, dz, streams_dresidual);
      if (!dx) return;
      PairOf<T> gradient = simd_load_kept<T>(scales + c) * dz;
      if (x) {
        fetch_ahead(x + at + kAhead, kPairBytes<T>);
        const PairOf<T> above = simd_load_pair(x + at) - simd_load_kept<T>(means + c);
        gradient = gradient - (above * simd_load_kept<T>(slopes + c) + simd_load_kept<T>(offsets + c));
      }
      simd_store_pair(dx + at, gradient, streams_dx);
    };
    const auto some = [=](int64_t c, auto lanes) {
      const int64_t at = row + c;
      const Simd<A> dz = simd_chosen<A>(bits.from(c)) ? simd_load(dy + at, lanes) : Simd<A>{};
      if (dresidual) simd_store(dresidual + at, dz, lanes);
      if (!dx) return;
      Simd<A> gradient = simd_load(scales + c, lanes) * dz;
      if (x) {
        const Simd<A> above = simd_load(x + at, lanes) - simd_load(means + c, lanes);
        gradient -= above * simd_load(slopes + c, lanes) + simd_load(offsets + c, lanes);
      }
      simd_store(dx + at, gradient, lanes);
    };
    for_channels<T>(shape.channels, pair, some);
  }
}

}  // namespace cudenza::kernels
