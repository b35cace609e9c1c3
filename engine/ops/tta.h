/// Combines predictions for several variants of the same samples (test-time augmentation). tta_variants()
/// (engine/audio/augment.h) makes the variants.
#pragma once
#include <string_view>

#include "engine/core/tensor.h"
#include "kernels/tta/tta.h"

namespace cudenza {

using kernels::TtaMode;  // blend, mean, max

/// "blend", "mean" or "max". Throws UsageError for other names.
TtaMode tta_mode_from_name(std::string_view name);
std::string_view name_of(TtaMode);

struct TtaSpec {
  TtaMode mode = TtaMode::blend;
  double beta = 0.25;  ///< in [0, 1]
};

/// Probabilities [B, classes], in the accumulator dtype of the logits, from the plain pass's logits [B, classes] and those of
/// n variants [n·B, classes], variant after variant. One kernel; not differentiable. Throws UsageError if shapes do not
/// match.
Tensor tta_probabilities(const Tensor& plain, const Tensor& variants, const TtaSpec& spec = {});

}  // namespace cudenza
