#include "kernels/batch_norm/batch_norm_instances.h"
#include "kernels/batch_norm/batch_norm_tile.cuh"

namespace cudenza::kernels {
namespace {

constexpr int kGroupsPerBlock = 2;  // so that the per-channel numbers are loaded once for 8 rows

/// The mask word made of the bits of 32 / N neighbouring threads. All lanes must call it; all get it.
template <int N> __device__ inline uint32_t gathered_bits(uint32_t bits) {
  bits <<= threadIdx.x * N % 32;
  for (int lanes = 1; lanes < 32 / N; lanes *= 2) bits |= __shfl_xor_sync(kAllLanes, bits, lanes);
  return bits;
}

template <class T> struct Forward {
  const T *x, *residual;
  BatchNormShape shape;
  BatchNormChannels<acc_t<T>> channels;
  bool relu;
  T* y;
  uint32_t* mask;
};

/// kRows rows of a thread, the first of them `row`; reads them all, and writes if `writes`. All lanes of a warp must call it.
template <int kRows, int N, class T>
__device__ inline void apply_to_rows(const Forward<T>& f, const Place<N>& at, const Normalization<acc_t<T>> (&normal)[N],
                                     int64_t row, bool writes) {
  const int64_t start = row * f.shape.channels + at.channel, stride = at.row_lanes * f.shape.channels;
  Pack<T, N> in[kRows], added[kRows];
  for (int k = 0; k < kRows; ++k) in[k] = load_pack<N>(f.x + start + k * stride);
  if (f.residual) {
    for (int k = 0; k < kRows; ++k) added[k] = load_pack<N>(f.residual + start + k * stride);
  }
  for (int k = 0; k < kRows; ++k) {
    Pack<T, N> out;
    uint32_t bits = 0;
    for (int c = 0; c < N; ++c) {
      acc_t<T> z = normal[c](static_cast<acc_t<T>>(in[k][c]));
      if (f.residual) z += static_cast<acc_t<T>>(added[k][c]);
      bits |= static_cast<uint32_t>(!(z <= 0)) << c;
      out[c] = static_cast<T>(f.relu ? Relu{}(z) : z);
    }
    if (writes) store_pack(f.y + start + k * stride, out);
    if (!f.mask) continue;
    const uint32_t word = gathered_bits<N>(at.inside ? bits : 0);
    if (writes && at.channel % 32 == 0) f.mask[(row + k * at.row_lanes) * f.shape.mask_words_per_row() + at.channel / 32] = word;
  }
}

// y = relu((x - mean) gamma inv_std + beta + residual). Tiles as in batch_norm_tile.cuh; block b takes groups b and b + blocks.
template <int N, class T> __global__ void __launch_bounds__(kThreads) apply_kernel(Forward<T> f, Tiling tiling) {
  using A = acc_t<T>;
  const Place<N> at(f.shape, tiling);
  const auto gamma = load_channels<N>(f.channels.gamma + at.channel), beta = load_channels<N>(f.channels.beta + at.channel);
  const auto mean = load_channels<N>(f.channels.mean + at.channel), inv_std = load_channels<N>(f.channels.inv_std + at.channel);
  Normalization<A> normal[N];
  for (int c = 0; c < N; ++c) normal[c] = normalization(gamma[c], beta[c], mean[c], inv_std[c]);
  for (int64_t group = at.block; group < tiling.groups; group += tiling.blocks) {
    if (at.is_whole(group, f.shape)) {
      apply_to_rows<kRowsAtOnce>(f, at, normal, at.first_row(group), at.inside);
    } else {
      for (int k = 0; k < kRowsAtOnce; ++k) {
        const int64_t row = at.first_row(group) + k * at.row_lanes;
        apply_to_rows<1>(f, at, normal, smaller(row, f.shape.rows - 1), at.inside && row < f.shape.rows);
      }
    }
  }
}

template <class T> struct Backward {
  const T *dy, *x;
  const uint32_t* mask;
  BatchNormShape shape;
  BatchNormChannels<acc_t<T>> channels;
  const acc_t<T>*dgamma, *dbeta;
  T *dx, *dresidual;
};

/// kRows rows of a thread, the first of them `row`.
template <int kRows, int N, class T>
__device__ inline void backward_apply_to_rows(const Backward<T>& b, const Place<N>& at,
                                              const InputGradient<acc_t<T>> (&gradient)[N], int64_t row) {
  const int64_t start = row * b.shape.channels + at.channel, stride = at.row_lanes * b.shape.channels;
  Pack<T, N> dz[kRows], in[kRows];
  uint32_t words[kRows];
  for (int k = 0; k < kRows; ++k) dz[k] = load_pack<N>(b.dy + start + k * stride);
  if (b.x) {
    for (int k = 0; k < kRows; ++k) in[k] = load_pack<N>(b.x + start + k * stride);
  }
  for (int k = 0; k < kRows; ++k)
    words[k] = b.mask ? b.mask[(row + k * at.row_lanes) * b.shape.mask_words_per_row() + at.channel / 32] : ~0u;
  for (int k = 0; k < kRows; ++k) {
    const uint32_t bits = words[k] >> at.channel % 32;
    Pack<T, N> out, kept;
    for (int c = 0; c < N; ++c) {
      kept[c] = bits >> c & 1u ? dz[k][c] : static_cast<T>(0.0f);
      out[c] = static_cast<T>(gradient[c](b.x ? static_cast<acc_t<T>>(in[k][c]) : 0, static_cast<acc_t<T>>(kept[c])));
    }
    if (b.dx) store_pack(b.dx + start + k * stride, out);
    if (b.dresidual) store_pack(b.dresidual + start + k * stride, kept);
  }
}

// dx = gamma inv_std (dz - dbeta / rows - xhat dgamma / rows), dresidual = dz. The same tiles and groups. Without x the
// statistics were given, and the last two terms are absent.
template <int N, class T> __global__ void __launch_bounds__(kThreads) backward_apply_kernel(Backward<T> b, Tiling tiling) {
  using A = acc_t<T>;
  const Place<N> at(b.shape, tiling);
  if (!at.inside) return;
  const auto gamma = load_channels<N>(b.channels.gamma + at.channel), inv_std = load_channels<N>(b.channels.inv_std + at.channel);
  Pack<A, N> mean{}, dgamma{}, dbeta{};
  if (b.x) {
    mean = load_channels<N>(b.channels.mean + at.channel);
    dgamma = load_channels<N>(b.dgamma + at.channel);
    dbeta = load_channels<N>(b.dbeta + at.channel);
  }
  const A inverse_rows = A(1) / static_cast<A>(b.shape.rows);
  InputGradient<A> gradient[N];
  for (int c = 0; c < N; ++c) gradient[c] = input_gradient(gamma[c], mean[c], inv_std[c], dgamma[c], dbeta[c], inverse_rows);
  for (int64_t group = at.block; group < tiling.groups; group += tiling.blocks) {
    if (at.is_whole(group, b.shape)) {
      backward_apply_to_rows<kRowsAtOnce>(b, at, gradient, at.first_row(group));
    } else {
      for (int64_t row = at.first_row(group); row < b.shape.rows; row += at.row_lanes)
        backward_apply_to_rows<1>(b, at, gradient, row);
    }
  }
}

// mean = running_mean, inv_std = 1 / sqrt(running_variance + eps). One thread a channel.
template <class A>
__global__ void from_running_kernel(const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                                    A* inv_std) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  mean[c] = running_mean[c];
  inv_std[c] = inv_std_of(running_variance[c], eps);
}

// folded_w[k,i] = w[k,i] gamma[k] inv_std[k], and bias[k]. One block an output channel.
template <class T>
__global__ void fold_kernel(const T* w, int64_t fan_in, BatchNormChannels<acc_t<T>> channels, T* folded_w, acc_t<T>* bias) {
  const int64_t k = blockIdx.x;
  const acc_t<T> scale = channels.gamma[k] * channels.inv_std[k];
  if (threadIdx.x == 0) bias[k] = channels.beta[k] - channels.mean[k] * scale;
  for (int64_t i = threadIdx.x; i < fan_in; i += blockDim.x) {
    folded_w[k * fan_in + i] = static_cast<T>(static_cast<acc_t<T>>(w[k * fan_in + i]) * scale);
  }
}

template <int N> Tiling apply_tiling(const BatchNormShape& shape) {
  Tiling tiling = tiling_of<N>(shape);
  tiling.blocks = ceil_div<int64_t>(tiling.groups, kGroupsPerBlock);
  return tiling;
}

template <int N, class T> void launch_apply(Gpu gpu, const Forward<T>& f) {
  const Tiling tiling = apply_tiling<N>(f.shape);
  launch<apply_kernel<N, T>>(tiling.grid(), dim3(kThreads), 0, gpu, f, tiling);
}

template <int N, class T> void launch_backward_apply(Gpu gpu, const Backward<T>& b) {
  const Tiling tiling = apply_tiling<N>(b.shape);
  launch<backward_apply_kernel<N, T>>(tiling.grid(), dim3(kThreads), 0, gpu, b, tiling);
}

}  // namespace

template <class T>
void batch_norm_apply(Gpu gpu, const T* x, const T* residual, const BatchNormShape& shape,
                      const BatchNormChannels<acc_t<T>>& channels, bool relu, T* y, uint32_t* mask) {
  const Forward<T> f{x, residual, shape, channels, relu, y, mask};
  if (shape.rows == 0) return;
  if (may_use_packs(shape, kPackSize<T>, x, residual, y)) launch_apply<kPackSize<T>>(gpu, f);
  else launch_apply<1>(gpu, f);
}

template <class T>
void batch_norm_backward_apply(Gpu gpu, const T* dy, const T* x, const uint32_t* mask, const BatchNormShape& shape,
                               const BatchNormChannels<acc_t<T>>& channels, const acc_t<T>* dgamma, const acc_t<T>* dbeta, T* dx,
                               T* dresidual) {
  const Backward<T> b{dy, x, mask, shape, channels, dgamma, dbeta, dx, dresidual};
  if (shape.rows == 0) return;
  if (may_use_packs(shape, kPackSize<T>, dy, x, dx, dresidual)) launch_backward_apply<kPackSize<T>>(gpu, b);
  else launch_backward_apply<1>(gpu, b);
}

template <class A>
void batch_norm_from_running(Gpu gpu, const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                             A* inv_std) {
  const dim3 blocks(static_cast<unsigned>(ceil_div<int64_t>(channels, kThreads)));
  launch<from_running_kernel<A>>(blocks, dim3(kThreads), 0, gpu, running_mean, running_variance, channels, eps, mean, inv_std);
}

template <class T>
void batch_norm_fold(Gpu gpu, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>& channels,
                     T* folded_w, acc_t<T>* bias) {
  launch<fold_kernel<T>>(dim3(static_cast<unsigned>(out_channels)), dim3(kThreads), 0, gpu, w, fan_in, channels, folded_w, bias);
}

CUDENZA_BATCH_NORM_APPLY(Gpu, float)
CUDENZA_BATCH_NORM_APPLY(Gpu, bf16)
CUDENZA_BATCH_NORM_APPLY(Gpu, f16)
template void batch_norm_from_running(Gpu, const float*, const float*, int64_t, double, float*, float*);

}  // namespace cudenza::kernels
