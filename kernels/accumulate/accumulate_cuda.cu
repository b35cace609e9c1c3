#include "kernels/accumulate/accumulate.h"
#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPacksAThread = 4;
constexpr int kMost = 64;  // additions of one launch: they travel as the kernel's parameter

/// Addition i has the blocks from first_block[i] up to first_block[i + 1].
template <class T> struct AdditionList {
  Addition<T> at[kMost];
  int first_block[kMost + 1];
};

/// sum += term for N elements.
template <int N, class T> __device__ inline void add_pack(acc_t<T>* sum, const T* term) {
  constexpr int kHalf = smaller(N, kPackSize<acc_t<T>>);  // 16 bytes of sums may be fewer than 16 bytes of terms
  const auto in = load_pack<N>(term);
  for (int half = 0; half < N; half += kHalf) {
    auto out = load_pack<kHalf>(sum + half);
    for (int k = 0; k < kHalf; ++k) out[k] += static_cast<acc_t<T>>(in[half + k]);
    store_pack(sum + half, out);
  }
}

// sum[i] += term[i]. One block a piece of one pair of arrays; a thread takes packs kThreads apart.
template <int N, class T> __global__ void __launch_bounds__(kThreads) accumulate_kernel(AdditionList<T> list) {
  const int block = blockIdx.x;
  int entry = 0;
  while (block >= list.first_block[entry + 1]) ++entry;
  const Addition<T> a = list.at[entry];
  int64_t i = (static_cast<int64_t>(block - list.first_block[entry]) * kPacksAThread * kThreads + threadIdx.x) * N;
  for (int pack = 0; pack < kPacksAThread; ++pack, i += kThreads * N) {
    if (i + N <= a.count) add_pack<N>(a.sum + i, a.term + i);
    else
      for (int64_t k = i; k < a.count; ++k) a.sum[k] += static_cast<acc_t<T>>(a.term[k]);
  }
}

template <int N, class T> void launch_list(Gpu gpu, std::span<const Addition<T>> additions) {
  AdditionList<T> list{};
  for (size_t i = 0; i < additions.size(); ++i) {
    list.at[i] = additions[i];
    list.first_block[i + 1] =
        list.first_block[i] + static_cast<int>(ceil_div<int64_t>(additions[i].count, kThreads * kPacksAThread * N));
  }
  const int blocks = list.first_block[additions.size()];
  if (blocks > 0) launch<accumulate_kernel<N, T>>(dim3(static_cast<unsigned>(blocks)), dim3(kThreads), 0, gpu, list);
}

template <class T> bool all_aligned(std::span<const Addition<T>> additions) {
  for (const Addition<T>& a : additions) {
    if (!is_pack_aligned(a.sum) || !is_pack_aligned(a.term)) return false;
  }
  return true;
}

}  // namespace

template <class T> void accumulate(Gpu gpu, std::span<const Addition<T>> additions) {
  while (!additions.empty()) {
    const auto some = additions.first(smaller<size_t>(additions.size(), kMost));
    if (all_aligned(some)) launch_list<kPackSize<T>>(gpu, some);
    else launch_list<1>(gpu, some);
    additions = additions.subspan(some.size());
  }
}

template void accumulate(Gpu, std::span<const Addition<float>>);
template void accumulate(Gpu, std::span<const Addition<bf16>>);
template void accumulate(Gpu, std::span<const Addition<f16>>);

}  // namespace cudenza::kernels
