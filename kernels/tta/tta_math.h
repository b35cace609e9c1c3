/// How one probability of one pass joins those of the passes before it.
#pragma once
#include "kernels/common/math.h"
#include "kernels/reduce/reduce_math.h"
#include "kernels/tta/tta.h"

namespace cudenza::kernels {

template <class A> HOST_DEVICE A joined(const TtaRule& rule, A so_far, A probability, bool is_plain) {
  if (rule.takes_largest) return larger_or_nan(so_far, probability);
  return so_far + static_cast<A>(is_plain ? rule.plain_weight : rule.variant_weight) * probability;
}

}  // namespace cudenza::kernels
