#include <vector>

#include "kernels/batch_norm/batch_norm_instances.h"
#include "kernels/batch_norm/batch_norm_math.h"
#include "kernels/common/simd_map.h"
#include "kernels/common/streaming.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kPartElements = 64 * 1024;  // rows are parted no finer than this

/// The rows in equal parts, each reduced by one thread, and then merged in order. Fixed by the shape alone.
struct Parts {
  int64_t rows, count;

  explicit Parts(const BatchNormShape& shape) {
    const int64_t wanted = ceil_div(shape.rows * shape.channels, kPartElements);
    rows = larger<int64_t>(ceil_div(shape.rows, larger<int64_t>(smaller(wanted, largest_part_count(shape)), 1)), 1);
    count = ceil_div(shape.rows, rows);
  }
  int64_t rows_of(int64_t part, const BatchNormShape& shape) const { return smaller(rows, shape.rows - part * rows); }
};

static_assert(kTile == 32);  // a tile of a row has a word of the mask

/// Stores the numbers of one tile after the other: past the cache where the whole array would not stay there.
template <class T> class Writer {
 public:
  Writer(T* to, const BatchNormShape& shape)
      : to_(to),
        streams_(shape.rows * shape.channels * static_cast<int64_t>(sizeof(T)) >= kStreamBytes &&
                 shape.channels * sizeof(T) % 32 == 0 && reinterpret_cast<uintptr_t>(to) % 32 == 0) {}
  template <class Width> void operator()(int64_t at, const acc_t<T>* values, Width width) const {
    if (!streams_) return store_tile(to_ + at, values, width);
    alignas(64) T rounded[kTile];
    store_tile(rounded, values, width);
    stream_out(to_ + at, rounded, width * static_cast<int64_t>(sizeof(T)));
  }

 private:
  T* to_;
  bool streams_;
};

/// dz of one tile: dy where the mask has a 1.
template <class T, class A = acc_t<T>> void masked(const T* dy, uint32_t word, WholeTile, A* dz) {
  for (int k = 0; k < kTile; k += kSimd<A>) simd_store(dz + k, simd_chosen<A>(word >> k) ? simd_load(dy + k) : Simd<A>{});
}
template <class T> void masked(const T* dy, uint32_t word, int width, acc_t<T>* dz) {
  for (int k = 0; k < width; ++k) dz[k] = word >> k & 1u ? static_cast<acc_t<T>>(dy[k]) : acc_t<T>(0);
}

uint32_t mask_word(const uint32_t* mask, const BatchNormShape& shape, int64_t row, int64_t channel) {
  return mask ? mask[row * shape.mask_words_per_row() + channel / 32] : ~0u;
}

/// Calls f(row, count) for every four rows, with the constant 4, and for each of the rest.
template <class F> void for_every_four_rows(int64_t rows, F&& f) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) f(r, std::integral_constant<int, 4>{});
  for (; r < rows; ++r) f(r, std::integral_constant<int, 1>{});
}

/// Moments of each channel over `rows` rows, by the sums of x - shift and (x - shift)². The shift is the mean of the first
/// m = 8 rows: then (mean - shift)² <= variance rows / m, so that no more digits cancel in m2 than rows / m has, be x what it
/// may. Means are left as they lie above `origin`, small numbers with all their digits. One pass: the rows come from memory.
template <class T, class A = acc_t<T>>
void moments_of_rows(const T* x, const T* origin, int64_t rows, int64_t channels, A* shift, A* mean, A* m2) {
  const int64_t first_rows = smaller<int64_t>(rows, 8);
  for (int64_t c = 0; c < channels; ++c) shift[c] = mean[c] = m2[c] = A(0);
  for (int64_t r = 0; r < first_rows; ++r) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) shift[c] += static_cast<A>(x[r * channels + c]);
  }
  for (int64_t c = 0; c < channels; ++c) shift[c] /= static_cast<A>(first_rows);
  for_every_four_rows(rows, [=](int64_t r, auto four) {
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      A sum = A(0), squares = A(0);
      for (int k = 0; k < four; ++k) {
        const A shifted = static_cast<A>(x[(r + k) * channels + c]) - shift[c];
        sum += shifted;
        squares += shifted * shifted;
      }
      mean[c] += sum;
      m2[c] += squares;
    }
  });
  for (int64_t c = 0; c < channels; ++c) {
    const A rest = mean[c] / static_cast<A>(rows);
    m2[c] = larger(m2[c] - rest * mean[c], A(0));
    mean[c] = shift[c] - static_cast<A>(origin[c]) + rest;
  }
}

/// dz of one tile where the gradient is a sum of two, rounded as T keeps it.
template <class T, class Width> void masked_sum(const T* dy, const T* more, uint32_t word, Width width, acc_t<T>* dz) {
  const Tile<T> first(dy, width), second(more, width);
  for (int k = 0; k < width; ++k) {
    const T sum = static_cast<T>(first[k] + second[k]);
    dz[k] = word >> k & 1u ? static_cast<acc_t<T>>(sum) : acc_t<T>(0);
  }
}

/// The sums of GradientSums of each channel over rows [begin, end).
template <class T, class A = acc_t<T>>
void gradient_sums_of_rows(const BatchNormUpstream<T>& up, const T* x, const BatchNormShape& shape, const A* mean, int64_t begin,
                           int64_t end, A* sum_dz, A* sum_dz_x) {
  const Writer<T> write_dz(up.dz, shape);
  for (int64_t c = 0; c < shape.channels; ++c) sum_dz[c] = sum_dz_x[c] = A(0);
  for (int64_t r = begin; r < end; ++r) {
    for_tiles(shape.channels, [=](int64_t first, auto width) {
      const int64_t at = r * shape.channels + first;
      alignas(64) A dz[kTile];
      const uint32_t word = mask_word(up.mask, shape, r, first);
      if (up.more) {
        masked_sum(up.dy + at, up.more + at, word, width, dz);
        write_dz(at, dz, width);
      } else {
        masked(up.dy + at, word, width, dz);
      }
      const Tile<T> value(x + at, width);
#pragma omp simd
      for (int k = 0; k < width; ++k) {
        sum_dz[first + k] += dz[k];
        sum_dz_x[first + k] += dz[k] * (value[k] - mean[first + k]);
      }
    });
  }
}

/// What a function of the channel is for each, so that it is made once and not for every row.
template <class F> auto per_channel(int64_t channels, F f) {
  std::vector<decltype(f(0))> values(static_cast<size_t>(channels));
  for (int64_t c = 0; c < channels; ++c) values[static_cast<size_t>(c)] = f(c);
  return values;
}

/// y and mask (or none) of rows [begin, end).
template <bool kResidual, bool kRelu, class T, class A = acc_t<T>>
void apply_to_rows(const T* x, const T* residual, const BatchNormShape& shape, const BatchNormChannels<A>& channels, T* y,
                   uint32_t* mask, int64_t begin, int64_t end) {
  const Writer<T> write(y, shape);
  const std::vector<A> scales = per_channel(shape.channels, [=](int64_t c) { return channels.gamma[c] * channels.inv_std[c]; });
  for (int64_t r = begin; r < end; ++r) {
    for_tiles(shape.channels, [=, &scales](int64_t first, auto width) {
      const int64_t at = r * shape.channels + first;
      const A *mean = channels.mean + first, *scale = scales.data() + first, *beta = channels.beta + first;
      const Tile<T> value(x + at, width), other((kResidual ? residual : x) + at, width);
      alignas(64) A z[kTile];
      uint32_t word = 0;
      for (int k = 0; k < width; ++k) {
        A sum = Normalization<A>{mean[k], scale[k], beta[k]}(value[k]);
        if constexpr (kResidual) sum += other[k];
        if constexpr (kRelu) word |= static_cast<uint32_t>(sum > A(0)) << k;
        z[k] = kRelu ? Relu{}(sum) : sum;
      }
      if (mask) mask[r * shape.mask_words_per_row() + first / kTile] = word;
      write(at, z, width);
    });
  }
}

/// The terms of InputGradient, each for all channels.
template <class A> struct InputGradients {
  std::vector<A> scale, slope, offset;

  /// x is given where dgamma and dbeta are; else the gradient is scale dz.
  InputGradients(const BatchNormShape& shape, const BatchNormChannels<A>& channels, const A* dgamma, const A* dbeta) {
    const auto of = [&](int64_t c) {
      return input_gradient(channels.gamma[c], channels.mean[c], channels.inv_std[c], dgamma ? dgamma[c] : A(0),
                            dbeta ? dbeta[c] : A(0), A(1) / static_cast<A>(shape.rows));
    };
    scale = per_channel(shape.channels, [&](int64_t c) { return of(c).scale; });
    slope = per_channel(shape.channels, [&](int64_t c) { return of(c).slope; });
    offset = per_channel(shape.channels, [&](int64_t c) { return of(c).offset; });
  }
};

/// dx and dresidual (each or null) of rows [begin, end).
template <class T, class A = acc_t<T>>
void backward_apply_to_rows(const T* dy, const T* x, const uint32_t* mask, const BatchNormShape& shape, const A* means,
                            const InputGradients<A>& gradients, T* dx, T* dresidual, int64_t begin, int64_t end) {
  const Writer<T> write_dx(dx, shape), write_dresidual(dresidual, shape);
  for (int64_t r = begin; r < end; ++r) {
    for_tiles(shape.channels, [=, &gradients](int64_t first, auto width) {
      const int64_t at = r * shape.channels + first;
      const A *mean = means + first, *scale = gradients.scale.data() + first, *slope = gradients.slope.data() + first,
              *offset = gradients.offset.data() + first;
      alignas(64) A dz[kTile], gradient[kTile];
      masked(dy + at, mask_word(mask, shape, r, first), width, dz);
      if (dresidual) write_dresidual(at, dz, width);
      if (!dx) return;
      if (x) {
        const Tile<T> value(x + at, width);
        for (int k = 0; k < width; ++k) gradient[k] = InputGradient<A>{mean[k], scale[k], slope[k], offset[k]}(value[k], dz[k]);
      } else {
        for (int k = 0; k < width; ++k) gradient[k] = scale[k] * dz[k];
      }
      write_dx(at, gradient, width);
    });
  }
}

}  // namespace

int64_t batch_norm_workspace(const BatchNormShape& shape) { return largest_part_count(shape) * (3 * shape.channels + 1); }

template <class T>
void batch_norm_statistics(Cpu, const T* x, const BatchNormShape& shape, double eps, acc_t<T>* mean, acc_t<T>* inv_std,
                           const RunningStatistics<acc_t<T>>& running, acc_t<T>* workspace) {
  using A = acc_t<T>;
  const Parts parts(shape);
  const int64_t channels = shape.channels;
  A *part_mean = workspace, *part_m2 = part_mean + parts.count * channels, *part_shift = part_m2 + parts.count * channels;
  parallel_ranges(parts.count, parts.rows * channels, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      moments_of_rows(x + p * parts.rows * channels, x, parts.rows_of(p, shape), channels, part_shift + p * channels,
                      part_mean + p * channels, part_m2 + p * channels);
    }
  });
  parallel_ranges(channels, parts.count, [&](int64_t begin, int64_t end) {
    for (int64_t p = 1; p < parts.count; ++p) {  // into the first part, which is whole: its row count is parts.rows
      const A before = static_cast<A>(p * parts.rows), here = static_cast<A>(parts.rows_of(p, shape));
      for (int64_t c = begin; c < end; ++c) {
        const Moments<A> part{part_mean[p * channels + c], part_m2[p * channels + c]};
        const Moments<A> total = merged(Moments<A>{part_mean[c], part_m2[c]}, before, part, here);
        part_mean[c] = total.mean;
        part_m2[c] = total.m2;
      }
    }
    for (int64_t c = begin; c < end; ++c) {
      const Moments<A> moments{part_mean[c] + static_cast<A>(x[c]), part_m2[c]};
      finalize_channel(c, moments, shape.rows, eps, mean, inv_std, running);
    }
  });
}

template <class A>
void batch_norm_finalize(Cpu, const A* sum, const A* sum_of_squares, const BatchNormShape& shape, double eps, A* mean, A* inv_std,
                         const RunningStatistics<A>& running) {
  for (int64_t c = 0; c < shape.channels; ++c) {
    finalize_channel(c, moments_of_sums(sum[c], sum_of_squares[c], shape.rows), shape.rows, eps, mean, inv_std, running);
  }
}

template <class A>
void batch_norm_from_running(Cpu, const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                             A* inv_std) {
  for (int64_t c = 0; c < channels; ++c) {
    mean[c] = running_mean[c];
    inv_std[c] = inv_std_of(running_variance[c], eps);
  }
}

template <class T>
void batch_norm_apply(Cpu, const T* x, const T* residual, const BatchNormShape& shape,
                      const BatchNormChannels<acc_t<T>>& channels, bool relu, T* y, uint32_t* mask) {
  parallel_ranges(shape.rows, shape.channels, [&](int64_t begin, int64_t end) {
    if (residual && relu) apply_to_rows<true, true>(x, residual, shape, channels, y, mask, begin, end);
    else if (residual) apply_to_rows<true, false>(x, residual, shape, channels, y, mask, begin, end);
    else if (relu) apply_to_rows<false, true>(x, residual, shape, channels, y, mask, begin, end);
    else apply_to_rows<false, false>(x, residual, shape, channels, y, mask, begin, end);
    finish_streaming();
  });
}

template <class T>
void batch_norm_backward_reduce(Cpu, const BatchNormUpstream<T>& up, const T* x, const BatchNormShape& shape,
                                const BatchNormChannels<acc_t<T>>& channels, acc_t<T>* dgamma, acc_t<T>* dbeta,
                                acc_t<T>* workspace) {
  using A = acc_t<T>;
  const Parts parts(shape);
  A *part_dz = workspace, *part_dz_x = workspace + parts.count * shape.channels;
  parallel_ranges(parts.count, parts.rows * shape.channels, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      gradient_sums_of_rows(up, x, shape, channels.mean, p * parts.rows, p * parts.rows + parts.rows_of(p, shape),
                            part_dz + p * shape.channels, part_dz_x + p * shape.channels);
    }
    finish_streaming();
  });
  parallel_ranges(shape.channels, parts.count, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) dgamma[c] = dbeta[c] = A(0);
    for (int64_t p = 0; p < parts.count; ++p) {
#pragma omp simd
      for (int64_t c = begin; c < end; ++c) {
        dbeta[c] += part_dz[p * shape.channels + c];
        dgamma[c] += part_dz_x[p * shape.channels + c];
      }
    }
    for (int64_t c = begin; c < end; ++c) dgamma[c] *= channels.inv_std[c];
  });
}

template <class T>
void batch_norm_backward_apply(Cpu, const T* dy, const T* x, const uint32_t* mask, const BatchNormShape& shape,
                               const BatchNormChannels<acc_t<T>>& channels, const acc_t<T>* dgamma, const acc_t<T>* dbeta, T* dx,
                               T* dresidual) {
  const InputGradients<acc_t<T>> gradients(shape, channels, dgamma, dbeta);
  parallel_ranges(shape.rows, shape.channels, [&](int64_t begin, int64_t end) {
    backward_apply_to_rows(dy, x, mask, shape, channels.mean, gradients, dx, dresidual, begin, end);
    finish_streaming();
  });
}

template <class T>
void batch_norm_fold(Cpu, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>& channels,
                     T* folded_w, acc_t<T>* bias) {
  using A = acc_t<T>;
  parallel_ranges(out_channels, fan_in, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const A scale = channels.gamma[k] * channels.inv_std[k];
      bias[k] = channels.beta[k] - channels.mean[k] * scale;
#pragma omp simd
      for (int64_t i = k * fan_in; i < (k + 1) * fan_in; ++i) folded_w[i] = static_cast<A>(w[i]) * scale;
    }
  });
}

CUDENZA_BATCH_NORM_REDUCE(Cpu, float)
CUDENZA_BATCH_NORM_REDUCE(Cpu, bf16)
CUDENZA_BATCH_NORM_REDUCE(Cpu, f16)
CUDENZA_BATCH_NORM_REDUCE(Cpu, double)
CUDENZA_BATCH_NORM_APPLY(Cpu, float)
CUDENZA_BATCH_NORM_APPLY(Cpu, bf16)
CUDENZA_BATCH_NORM_APPLY(Cpu, f16)
CUDENZA_BATCH_NORM_APPLY(Cpu, double)
CUDENZA_BATCH_NORM_CHANNELS(Cpu, float)
CUDENZA_BATCH_NORM_CHANNELS(Cpu, double)

}  // namespace cudenza::kernels
