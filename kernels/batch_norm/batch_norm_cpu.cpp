#include <vector>

#include "kernels/batch_norm/batch_norm_instances.h"
#include "kernels/batch_norm/batch_norm_math.h"
#include "kernels/batch_norm/batch_norm_rows.h"
#include "kernels/simd/simd_map.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kPartElements = 64 * 1024;  // rows are parted no finer than this
constexpr int64_t kMostParts = 512;           // for a workspace that is small beside x; of 256 channels

/// The rows in equal parts, each reduced by one thread, and then merged in order. Fixed by the shape alone.
struct Parts {
  int64_t rows, count;

  explicit Parts(const BatchNormShape& shape) {
    const int64_t wanted = ceil_div(shape.rows * shape.channels, kPartElements);
    const int64_t most = smaller(kMostParts / ceil_div<int64_t>(shape.channels, 256), shape.rows);
    rows = larger<int64_t>(ceil_div(shape.rows, larger<int64_t>(smaller(wanted, most), 1)), 1);
    count = ceil_div(shape.rows, rows);
  }
  int64_t rows_of(int64_t part, const BatchNormShape& shape) const { return smaller(rows, shape.rows - part * rows); }
};

static_assert(kTile == 32);  // a tile of a row has a word of the mask

/// Stores the numbers of one tile after the other: past the cache where the whole array would not stay there.
template <class T> class Writer {
 public:
  Writer(T* to, const BatchNormShape& shape)
      : to_(to), streams_(rows_stream(to, shape.rows, shape.channels * static_cast<int64_t>(sizeof(T)), 32)) {}
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
        if constexpr (kRelu) word |= static_cast<uint32_t>(!(sum <= A(0))) << k;
        z[k] = kRelu ? Relu{}(sum) : sum;
      }
      if (mask) mask[r * shape.mask_words_per_row() + first / kTile] = word;
      write(at, z, width);
    });
  }
}

}  // namespace

int64_t batch_norm_workspace(Cpu, const BatchNormShape& shape) { return Parts(shape).count * 3 * shape.channels; }

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
  const std::vector<A> mean = in_pairs<T>(channels.mean, shape.channels);
  parallel_ranges(parts.count, parts.rows * shape.channels, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      gradient_sums_of_rows(up, x, shape, mean.data(), p * parts.rows, p * parts.rows + parts.rows_of(p, shape),
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
  const InputGradients<T> gradients(shape, channels, dgamma, dbeta);
  parallel_ranges(shape.rows, shape.channels, [&](int64_t begin, int64_t end) {
    backward_apply_to_rows(dy, x, mask, shape, gradients, dx, dresidual, begin, end);
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
CUDENZA_BATCH_NORM_APPLY(Cpu, float)
CUDENZA_BATCH_NORM_APPLY(Cpu, bf16)
CUDENZA_BATCH_NORM_APPLY(Cpu, f16)
CUDENZA_BATCH_NORM_CHANNELS(Cpu, float)

}  // namespace cudenza::kernels
