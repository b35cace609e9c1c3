/// Tensors held against tensors, with a message that shows the worst element.
#pragma once
#include <gtest/gtest.h>

#include "engine/core/tensor.h"
#include "tests/support/op_case.h"
#include "tests/support/tolerance.h"

namespace cudenza::testing {

/// Success if shapes agree and every element of `result` is within the tolerance of `expected` (NaN only where it is).
/// Integer tensors must be equal.
::testing::AssertionResult is_close(const Tensor& result, const Tensor& expected, Tolerance, double factor = 1);

/// Success if shapes and all elements are equal.
inline ::testing::AssertionResult is_same(const Tensor& result, const Tensor& expected) {
  return is_close(result, expected, {0, 0});
}

/// Every result and gradient within the tolerance times the case's factor.
void expect_same_outcome(const OpCase&, const Outcome&, const Outcome& expected, Tolerance);

/// The GPU that device tests run on: the first one, or in the SIMT build the host that stands for one.
bool has_gpu();

}  // namespace cudenza::testing

/// Skips the running test, visibly, where there is no GPU.
#define CUDENZA_NEEDS_GPU() \
  if (!::cudenza::testing::has_gpu()) GTEST_SKIP() << "needs a GPU: " << ::cudenza::gpu::why_none()
