#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/mixup/mixup_instances.h"
#include "kernels/mixup/mixup_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kPacksEach = 8;      // of one thread in a tile: what it has in flight
constexpr int64_t kBlocks = 1024;  // enough to fill any card; more tiles are shared out among them, so that draws pay
constexpr int64_t kMostTilesEach = 8;

/// A batch as packs of N elements, and how blocks share it: a tile is `width` packs (a power of two) of all samples.
struct MixupTiles {
  int64_t samples, packs;  // packs of one sample
  int64_t tiles, tiles_each;
  int width;
};

// The batch's lambdas and partners into shared memory, and by the first block into the results. A sample's rank among the keys
// is its place in the permutation; counting it takes each thread as long as the batch has samples.
template <class A>
__device__ inline void draw_batch(int64_t samples, const BetaRule& rule, const RandomStream& stream,
                                  const MixupTargets<A>& targets, uint64_t* keys, float* lambda, int32_t* partner) {
  for (int64_t n = threadIdx.x; n < samples; n += blockDim.x) {
    keys[n] = order_key(stream, n);
    lambda[n] = lambda_of(rule, stream, n);
    if (blockIdx.x == 0) targets.lambda[n] = lambda[n];
  }
  __syncthreads();
  for (int64_t n = threadIdx.x; n < samples; n += blockDim.x) {
    const uint64_t own = keys[n];
    int rank = 0;
    for (int64_t other = 0; other < samples; ++other) rank += keys[other] < own;
    partner[rank] = static_cast<int32_t>(n);
    if (blockIdx.x == 0) targets.partner[rank] = n;
  }
  __syncthreads();
}

// y[n,i] = x[partner[n],i] + lambda[n] (x[n,i] - x[partner[n],i]). One block: tiles_each tiles of some neighbouring packs of all
// samples, laid out in shared memory, where each finds its partner; a thread stays in its column of packs. The first tile is on
// its way while the draws are made.
template <int N, class T>
__global__ void __launch_bounds__(512)
    mixup_kernel(const T* x, T* y, MixupTiles s, BetaRule rule, RandomStream stream, MixupTargets<acc_t<T>> targets) {
  using A = acc_t<T>;
  auto* const tile = dynamic_shared<Pack<T, N>>();
  const int threads = static_cast<int>(blockDim.x);
  auto* const keys = reinterpret_cast<uint64_t*>(tile + kPacksEach * threads);
  auto* const lambda = reinterpret_cast<float*>(keys + s.samples);
  auto* const partner = reinterpret_cast<int32_t*>(lambda + s.samples);
  const int column = static_cast<int>(threadIdx.x) % s.width, top = static_cast<int>(threadIdx.x) / s.width;
  const int rows_apart = threads / s.width;
  for (int64_t t = 0; t < s.tiles_each; ++t) {
    const int64_t pack = (blockIdx.x * s.tiles_each + t) * s.width + column;
    const int64_t end = pack < s.packs ? s.samples : 0;  // of the samples that have something here
    Pack<T, N> loaded[kPacksEach] = {};
    for (int k = 0; k < kPacksEach; ++k) {
      const int64_t n = top + k * rows_apart;
      if (n < end) loaded[k] = load_pack<N>(x + (n * s.packs + pack) * N);
    }
    if (t == 0) draw_batch(s.samples, rule, stream, targets, keys, lambda, partner);
    for (int k = 0; k < kPacksEach; ++k) tile[k * threads + static_cast<int>(threadIdx.x)] = loaded[k];
    __syncthreads();
#pragma unroll 2
    for (int64_t n = top; n < end; n += rows_apart) {
      const Pack<T, N> own = tile[n * s.width + column], other = tile[partner[n] * s.width + column];
      Pack<T, N> out;
      for (int e = 0; e < N; ++e)
        out[e] = static_cast<T>(blended(static_cast<A>(own[e]), static_cast<A>(other[e]), static_cast<A>(lambda[n])));
      store_pack(y + (n * s.packs + pack) * N, out);
    }
    __syncthreads();  // nobody may lay out the next tile before all have read this one
  }
}

template <int N, class T>
void mixup_packed(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream& stream,
                  const MixupTargets<acc_t<T>>& targets) {
  const int threads = samples <= 256 ? 256 : 512;
  MixupTiles s{.samples = samples, .packs = sample_size / N, .tiles = 1, .tiles_each = 1, .width = 1};
  while (2 * s.width * samples <= threads * kPacksEach && s.width < s.packs && 2 * s.width <= threads) s.width *= 2;
  s.tiles = larger<int64_t>(ceil_div<int64_t>(s.packs, s.width), 1);  // one even of nothing: it draws
  s.tiles_each = larger<int64_t>(1, smaller(s.tiles / kBlocks, kMostTilesEach));
  const size_t bytes = sizeof(Pack<T, N>) * static_cast<size_t>(threads * kPacksEach) +
                       (sizeof(uint64_t) + sizeof(float) + sizeof(int32_t)) * static_cast<size_t>(samples);
  launch<mixup_kernel<N, T>>(dim3(static_cast<unsigned>(ceil_div(s.tiles, s.tiles_each))), dim3(static_cast<unsigned>(threads)),
                             bytes, gpu, x, y, s, BetaRule(alpha), stream, targets);
}

constexpr int kPairThreads = 256;

// y[n,i] = x[samples + n,i] + lambda[n] (x[n,i] - x[samples + n,i]). One thread a pack of one sample (blockIdx.y); neighbouring
// threads read neighbouring packs.
template <int N, class T>
__global__ void mix_pairs_kernel(const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda) {
  using A = acc_t<T>;
  const int64_t n = blockIdx.y, i = (static_cast<int64_t>(blockIdx.x) * kPairThreads + threadIdx.x) * N;
  if (i >= sample_size) return;
  const auto own = load_pack<N>(x + n * sample_size + i), other = load_pack<N>(x + (samples + n) * sample_size + i);
  Pack<T, N> out;
  for (int e = 0; e < N; ++e) out[e] = static_cast<T>(blended(static_cast<A>(own[e]), static_cast<A>(other[e]), lambda[n]));
  store_pack(y + n * sample_size + i, out);
}

template <int N, class T>
void mix_pairs_packed(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda) {
  const dim3 grid(static_cast<unsigned>(ceil_div<int64_t>(sample_size, kPairThreads * N)), static_cast<unsigned>(samples));
  launch<mix_pairs_kernel<N, T>>(grid, dim3(kPairThreads), 0, gpu, x, y, samples, sample_size, lambda);
}

}  // namespace

template <class T> void mix_pairs(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda) {
  constexpr int N = kPackSize<T>;
  if (samples == 0 || sample_size == 0) return;
  const bool packed = sample_size % N == 0 && is_pack_aligned(x) && is_pack_aligned(y);
  if (packed) mix_pairs_packed<N>(gpu, x, y, samples, sample_size, lambda);
  else mix_pairs_packed<1>(gpu, x, y, samples, sample_size, lambda);
}

template <class T>
void mixup(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream& stream,
           const MixupTargets<acc_t<T>>& targets) {
  constexpr int N = kPackSize<T>;
  if (samples == 0) return;
  if (sample_size % N == 0 && is_pack_aligned(x) && is_pack_aligned(y))
    mixup_packed<N>(gpu, x, y, samples, sample_size, alpha, stream, targets);
  else mixup_packed<1>(gpu, x, y, samples, sample_size, alpha, stream, targets);
}

CUDENZA_MIXUP(Gpu, float)
CUDENZA_MIXUP(Gpu, bf16)
CUDENZA_MIXUP(Gpu, f16)

}  // namespace cudenza::kernels
