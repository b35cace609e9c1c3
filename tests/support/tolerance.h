/// The one table of tolerances. A result r is held against a reference e by |r - e| <= atol * max|e| + rtol * |e|, where
/// max|e| is over the tensor: sums of many terms err in proportion to the largest of them, not to the result.
#pragma once
#include "engine/core/dtype.h"

namespace cudenza::testing {

struct Tolerance {
  double atol, rtol;
};

/// Central differences in f64, step 1e-6.
constexpr double kGradientStep = 1e-6;
constexpr Tolerance kGradient{1e-5, 1e-3};

/// A computation in `t` against the same one in f64 on the same (rounded) inputs. About 8 units in the last place.
constexpr Tolerance against_f64(DType t) {
  switch (t) {
    case DType::f32: return {2e-6, 1e-5};
    case DType::f16: return {2e-3, 4e-3};
    case DType::bf16: return {1.6e-2, 3.2e-2};
    default: return {1e-14, 1e-12};
  }
}

/// The kernel against the CPU, both in `t`: sums run in another order, results round to the same grid, at most a step apart.
constexpr Tolerance kernel_against_cpu(DType t) {
  switch (t) {
    case DType::f32: return {1e-6, 1e-5};
    case DType::f16: return {1e-3, 1e-3};
    case DType::bf16: return {8e-3, 8e-3};
    default: return {0, 0};
  }
}

/// The CPU's fast path against its reference, both in `t`.
constexpr Tolerance cpu_against_reference(DType t) { return kernel_against_cpu(t); }

}  // namespace cudenza::testing
