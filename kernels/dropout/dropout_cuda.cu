#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/dropout/dropout.h"
#include "kernels/dropout/dropout_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPacksEach = 4;  // drop_path: packs of one thread, over which its one random word pays

// y[i] = x[i] * factor(word i). One thread: N neighbouring elements, whose words are N / 4 whole Philox blocks.
template <class T, int N = kPackSize<T>>
__global__ void dropout_kernel(const T* x, T* y, int64_t count, DropRule<float> rule, RandomStream stream, bool packed) {
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (first >= count) return;
  float factor[N];
  for (int block = 0; block < N / 4; ++block) {
    const Random4 random = random4(stream, static_cast<uint64_t>(first / 4 + block));
    for (int k = 0; k < 4; ++k) factor[4 * block + k] = rule.factor(random.word[k]);
  }
  if (packed && first + N <= count) {
    auto pack = load_pack<N>(x + first);
    for (int k = 0; k < N; ++k) pack[k] = static_cast<T>(static_cast<float>(pack[k]) * factor[k]);
    store_pack(y + first, pack);
  } else {
    for (int k = 0; k < N && first + k < count; ++k) y[first + k] = static_cast<T>(static_cast<float>(x[first + k]) * factor[k]);
  }
}

// y[n,i] = x[n,i] * factor(word n). A block stays in one sample; one thread: kPacksEach packs, blockDim.x packs apart, so
// that a warp's loads are neighbours.
template <int N, class T>
__global__ void drop_path_kernel(const T* x, T* y, int64_t sample_size, int64_t blocks_each, DropRule<float> rule,
                                 RandomStream stream) {
  const int64_t sample = blockIdx.x / blocks_each, block = blockIdx.x % blocks_each;
  const float factor = rule.factor(random_word(stream, sample));
  for (int k = 0; k < kPacksEach; ++k) {
    const int64_t i = ((block * kPacksEach + k) * blockDim.x + threadIdx.x) * N;
    if (i >= sample_size) return;
    auto pack = load_pack<N>(x + sample * sample_size + i);
    for (int e = 0; e < N; ++e) pack[e] = static_cast<T>(static_cast<float>(pack[e]) * factor);
    store_pack(y + sample * sample_size + i, pack);
  }
}

template <int N, class T>
void drop_path_packed(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream) {
  const int64_t blocks_each = ceil_div<int64_t>(sample_size, kThreads * kPacksEach * N);
  launch<drop_path_kernel<N, T>>(dim3(static_cast<unsigned>(samples * blocks_each)), dim3(kThreads), 0, gpu, x, y, sample_size,
                                 blocks_each, DropRule<float>(p), stream);
}

}  // namespace

template <class T> void dropout(Gpu gpu, const T* x, T* y, int64_t count, double p, const RandomStream& stream) {
  if (count == 0) return;
  const dim3 blocks(static_cast<unsigned>(ceil_div<int64_t>(count, kThreads * kPackSize<T>)));
  launch<dropout_kernel<T>>(blocks, dim3(kThreads), 0, gpu, x, y, count, DropRule<float>(p), stream,
                            is_pack_aligned(x) && is_pack_aligned(y));
}

template <class T>
void drop_path(Gpu gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream) {
  constexpr int N = kPackSize<T>;
  if (samples * sample_size == 0) return;
  if (sample_size % N == 0 && is_pack_aligned(x) && is_pack_aligned(y))
    drop_path_packed<N>(gpu, x, y, samples, sample_size, p, stream);
  else drop_path_packed<1>(gpu, x, y, samples, sample_size, p, stream);
}

template void dropout(Gpu, const float*, float*, int64_t, double, const RandomStream&);
template void dropout(Gpu, const bf16*, bf16*, int64_t, double, const RandomStream&);
template void dropout(Gpu, const f16*, f16*, int64_t, double, const RandomStream&);
template void drop_path(Gpu, const float*, float*, int64_t, int64_t, double, const RandomStream&);
template void drop_path(Gpu, const bf16*, bf16*, int64_t, int64_t, double, const RandomStream&);
template void drop_path(Gpu, const f16*, f16*, int64_t, int64_t, double, const RandomStream&);

}  // namespace cudenza::kernels
