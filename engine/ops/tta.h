/// What several looks at the same samples say together (test-time augmentation). The variants themselves are made by
/// tta_variants() (engine/audio/augment.h).
#pragma once
#include <string_view>

#include "engine/core/tensor.h"
#include "kernels/tta/tta.h"

namespace cudenza {

using kernels::TtaMode;  // blend, mean, max

/// "blend", "mean" or "max". Throws UsageError naming the choices.
TtaMode tta_mode_from_name(std::string_view name);
std::string_view name_of(TtaMode);

struct TtaSpec {
  TtaMode mode = TtaMode::blend;
  double beta = 0.25;  ///< in [0, 1]
};

/// Probabilities [B, classes], in the accumulator type of the logits, from the logits of the plain pass [B, classes] and of n
/// variants [n·B, classes], variant after variant. One kernel; records nothing. Throws UsageError for shapes that do not match.
Tensor tta_probabilities(const Tensor& plain, const Tensor& variants, const TtaSpec& spec = {});

}  // namespace cudenza
