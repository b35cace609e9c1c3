#include "engine/libraries/gemm.h"

#include <algorithm>

#include "engine/libraries/math_mode.h"
#include "engine/libraries/onednn/primitives.h"
#include "engine/libraries/onednn/widened.h"

namespace cudenza {
namespace {

/// Address of element `first` of an array; null stays null.
const void* from(const void* array, int64_t first, DType dtype) {
  return array ? static_cast<const char*>(array) + first * static_cast<int64_t>(size_of(dtype)) : nullptr;
}

/// Computes y in blocks of columns, which depend on the shape alone, each on one thread: the same bits for any number of
/// threads. Returns false and does nothing if oneDNN does not support the blocks.
bool by_columns(const GemmShape& g, const void* a, const void* b, void* y, const void* bias) {
  constexpr int64_t kBlocks = 16, kLeast = 64;
  const int64_t width = kernels::ceil_div(kernels::ceil_div(g.n, kBlocks), kLeast) * kLeast;
  const int64_t blocks = kernels::ceil_div(g.n, width);
  const auto plan_of = [&](int64_t block) {
    GemmShape columns = g;
    columns.n = std::min(width, g.n - block * width);
    return onednn::gemm_plan(columns, bias != nullptr, g.n);
  };
  {
    const onednn::OneThread one_thread;
    if (!plan_of(0) || !plan_of(blocks - 1)) return false;
  }
  onednn::for_pieces(blocks, [&](int64_t block) {
    const int64_t first = block * width;
    plan_of(block)->run(
        {a, from(b, first * (g.transpose_b ? g.k : 1), g.dtype), from(y, first, g.dtype), from(bias, first, DType::f32)});
  });
  return true;
}

}  // namespace

/// Like convolutions (onednn/conv.cpp): in the shape's own dtype where oneDNN can, else through f32.
void gemm_onednn(const GemmShape& g, const void* a, const void* b, void* y, const void* bias) {
  const bool is_cut = math_mode().deterministic;
  if (is_cut && by_columns(g, a, b, y, bias)) return;
  const auto plan = is_cut ? nullptr : onednn::gemm_plan(g, bias != nullptr);
  if (plan) return plan->run({a, b, y, bias});
  if (g.dtype == DType::f32) return gemm_reference(g, a, b, y, bias);
  const WideInput wide_a(a, g.dtype, g.m * g.k), wide_b(b, g.dtype, g.k * g.n);
  const WideResult wide_y(y, g.dtype, g.m * g.n);
  GemmShape wide = g;
  wide.dtype = DType::f32;
  gemm_onednn(wide, wide_a.data(), wide_b.data(), wide_y.data(), bias);
  wide_y.store();
}

}  // namespace cudenza
