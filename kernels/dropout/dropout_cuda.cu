#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/dropout/dropout_instances.h"
#include "kernels/dropout/dropout_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPacksEach = 4;  // drop_path: packs of one thread, over which its one random number pays
constexpr int kNumbers = 8;    // of a Philox block

/// y[k] = x[k] * factor(bit k of kept) for the 8 elements of a thread, or fewer at the end: in packs where `packed`.
template <class T>
__device__ void apply_kept(const T* x, T* y, uint32_t kept, const DropRule<float>& rule, int64_t left, bool packed) {
  constexpr int N = kPackSize<T>;
  if (packed && left >= kNumbers) {
    for (int first = 0; first < kNumbers; first += N) {
      auto pack = load_pack<N>(x + first);
      for (int k = 0; k < N; ++k) pack[k] = static_cast<T>(static_cast<float>(pack[k]) * rule.factor(kept >> (first + k) & 1u));
      store_pack(y + first, pack);
    }
  } else {
    for (int k = 0; k < kNumbers && k < left; ++k) y[k] = static_cast<T>(static_cast<float>(x[k]) * rule.factor(kept >> k & 1u));
  }
}

// y[i] = x[i] * factor(keep(number i)), and bit i of mask = keep(number i). One thread: the 8 neighbouring elements of one
// Philox block, number first_block + block of the stream, and their byte of the mask.
template <class T>
__global__ void dropout_forward_kernel(const T* x, T* y, uint8_t* mask, int64_t count, DropRule<float> rule, RandomStream stream,
                                       int64_t first_block, bool packed) {
  const int64_t block = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, first = block * kNumbers;
  if (first >= count) return;
  const Random4 random = random4(stream, static_cast<uint64_t>(first_block + block));
  uint32_t kept = 0;
#pragma unroll
  for (int k = 0; k < kNumbers; ++k) kept |= static_cast<uint32_t>(rule.keeps(number_of(random, k)) && first + k < count) << k;
  if (mask) mask[block] = static_cast<uint8_t>(kept);
  apply_kept(x + first, y + first, kept, rule, count - first, packed);
}

// dx[i] = dy[i] * factor(bit i of mask). The same mapping.
template <class T>
__global__ void dropout_backward_kernel(const T* dy, const uint8_t* mask, T* dx, int64_t count, DropRule<float> rule,
                                        bool packed) {
  const int64_t block = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, first = block * kNumbers;
  if (first < count) apply_kept(dy + first, dx + first, mask[block], rule, count - first, packed);
}

// y[n,i] = x[n,i] * factor(keep(number first + n)). A block stays in one sample; one thread: kPacksEach packs, blockDim.x packs
// apart, so that a warp's loads are neighbours.
template <int N, class T>
__global__ void drop_path_kernel(const T* x, T* y, int64_t sample_size, int64_t blocks_each, DropRule<float> rule,
                                 RandomStream stream, int64_t first) {
  const int64_t sample = blockIdx.x / blocks_each, block = blockIdx.x % blocks_each;
  const float factor = rule.factor(rule.keeps(random_number(stream, first + sample)));
  for (int k = 0; k < kPacksEach; ++k) {
    const int64_t i = ((block * kPacksEach + k) * blockDim.x + threadIdx.x) * N;
    if (i >= sample_size) return;
    auto pack = load_pack<N>(x + sample * sample_size + i);
    for (int e = 0; e < N; ++e) pack[e] = static_cast<T>(static_cast<float>(pack[e]) * factor);
    store_pack(y + sample * sample_size + i, pack);
  }
}

template <int N, class T>
void drop_path_packed(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream,
                      int64_t first) {
  const int64_t blocks_each = ceil_div<int64_t>(sample_size, kThreads * kPacksEach * N);
  launch<drop_path_kernel<N, T>>(dim3(static_cast<unsigned>(samples * blocks_each)), dim3(kThreads), 0, gpu, x, y, sample_size,
                                 blocks_each, DropRule<float>(p), stream, first);
}

dim3 blocks_for(int64_t count) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(count, kThreads * kNumbers))); }

}  // namespace

template <class T>
void dropout_forward(Gpu gpu, const T* x, T* y, uint8_t* mask, int64_t count, double p, const RandomStream& stream,
                     int64_t first) {
  if (count == 0) return;
  launch<dropout_forward_kernel<T>>(blocks_for(count), dim3(kThreads), 0, gpu, x, y, mask, count, DropRule<float>(p), stream,
                                    first / kNumbers, is_pack_aligned(x) && is_pack_aligned(y));
}

template <class T> void dropout_backward(Gpu gpu, const T* dy, const uint8_t* mask, T* dx, int64_t count, double p) {
  if (count == 0) return;
  launch<dropout_backward_kernel<T>>(blocks_for(count), dim3(kThreads), 0, gpu, dy, mask, dx, count, DropRule<float>(p),
                                     is_pack_aligned(dy) && is_pack_aligned(dx));
}

template <class T>
void drop_path(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream,
               int64_t first) {
  constexpr int N = kPackSize<T>;
  if (samples * sample_size == 0) return;
  if (sample_size % N == 0 && is_pack_aligned(x) && is_pack_aligned(y))
    drop_path_packed<N>(gpu, x, y, samples, sample_size, p, stream, first);
  else drop_path_packed<1>(gpu, x, y, samples, sample_size, p, stream, first);
}

CUDENZA_DROPOUT(Gpu, float)
CUDENZA_DROPOUT(Gpu, bf16)
CUDENZA_DROPOUT(Gpu, f16)

}  // namespace cudenza::kernels
