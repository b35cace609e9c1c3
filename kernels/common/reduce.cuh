/// Sums (and other reductions) over the threads of a warp and of a block. The order is fixed, so results repeat.
#pragma once
#include "kernels/common/launch.h"

namespace cudenza::kernels {

constexpr int kWarpSize = 32;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

struct Add {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return a + b; }
};

struct Max {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return a < b ? b : a; }
};

/// Every lane gets the reduction over the whole warp. All 32 lanes must call it.
template <class A, class Op> __device__ inline A warp_reduce(A value, Op op) {
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2) value = op(value, __shfl_xor_sync(kAllLanes, value, lanes));
  return value;
}

/// Every thread gets the reduction over the whole block. All threads must call it; blockDim.x is a multiple of 32, the
/// block is one-dimensional. May be called repeatedly: its last barrier keeps calls apart.
template <class A, class Op> __device__ inline A block_reduce(A value, Op op, A neutral) {
  SHARED_ARRAY(A, partial, kWarpSize);
  const int lane = threadIdx.x % kWarpSize, warp = threadIdx.x / kWarpSize, warps = blockDim.x / kWarpSize;
  value = warp_reduce(value, op);
  if (lane == 0) partial[warp] = value;
  __syncthreads();
  value = warp_reduce(lane < warps ? partial[lane] : neutral, op);
  __syncthreads();  // nobody may overwrite `partial` in a next call before all have read it
  return value;
}

template <class A> __device__ inline A warp_sum(A value) { return warp_reduce(value, Add{}); }

template <class A> __device__ inline A block_sum(A value) { return block_reduce(value, Add{}, A(0)); }

}  // namespace cudenza::kernels
