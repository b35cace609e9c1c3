/// Matrix product on raw pointers, row-major. linear() calls oneDNN, cuBLASLt and our reference loops through this interface.
#pragma once
#include <cstdint>
#include <string>

#include "engine/core/device.h"
#include "engine/core/dtype.h"

namespace cudenza {

/// y[m,n] = sum over k of A[m,k] · B[k,n] (+ bias[n]), where A is a or its transpose, B is b or its transpose.
struct GemmShape {
  DType dtype = DType::f32;  ///< of a, b and y; sums are in accumulator_of(dtype)
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;  ///< a is stored [k,m] instead of [m,k]
  bool transpose_b = false;  ///< b is stored [n,k] instead of [k,n]

  double flops() const { return 2.0 * m * n * k; }
  bool operator==(const GemmShape&) const = default;
};

/// Overwrites all of y. `bias` is [n] in accumulator_of(dtype), or null. On a GPU it enqueues and does not synchronise.
void gemm(Device, const GemmShape&, const void* a, const void* b, void* y, const void* bias = nullptr);

// The implementations.
void gemm_reference(const GemmShape&, const void* a, const void* b, void* y, const void* bias);  ///< CPU, every floating dtype
void gemm_onednn(const GemmShape&, const void* a, const void* b, void* y, const void* bias);     ///< CPU, f32, bf16 and f16
/// cuBLASLt (cublas/gemm.cpp); the reference in the SIMT build.
void gemm_gpu(Device, const GemmShape&, const void* a, const void* b, void* y, const void* bias);

}  // namespace cudenza
