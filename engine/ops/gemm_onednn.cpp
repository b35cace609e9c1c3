#include "engine/ops/gemm.h"
#include "engine/ops/onednn.h"
#include "engine/ops/widened.h"

namespace cudenza {

/// As convolutions do (conv_onednn.cpp): in the shape's own type where oneDNN can, else through f32.
void gemm_onednn(const GemmShape& g, const void* a, const void* b, void* y, const void* bias) {
  if (const auto plan = onednn::gemm_plan(g, bias != nullptr)) return plan->run({a, b, y, bias});
  if (g.dtype == DType::f32) return gemm_reference(g, a, b, y, bias);
  const WideInput wide_a(a, g.dtype, g.m * g.k), wide_b(b, g.dtype, g.k * g.n);
  const WideResult wide_y(y, g.dtype, g.m * g.n);
  GemmShape wide = g;
  wide.dtype = DType::f32;
  gemm_onednn(wide, wide_a.data(), wide_b.data(), wide_y.data(), bias);
  wide_y.store();
}

}  // namespace cudenza
