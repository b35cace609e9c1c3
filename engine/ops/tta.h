/// What several looks at the same samples say together (test-time augmentation). The variants themselves are made by
/// tta_variants() (engine/audio/augment.h).
#pragma once
#include <string_view>

#include "engine/core/tensor.h"

namespace cudenza {

/// P: the probabilities of the plain pass; A: the mean over the variants' probabilities.
enum class TtaMode {
  blend,  ///< (1 - beta) A + beta P, as fastai's
  mean,   ///< the mean over all passes, the plain one among them
  max,    ///< each class' largest probability over all passes, scaled so that a sample's sum is 1
};

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
