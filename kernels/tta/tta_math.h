/// One probability of one pass, and how it joins those of the passes before it.
#pragma once
#include "kernels/common/math.h"
#include "kernels/tta/tta.h"

namespace cudenza::kernels {

/// What makes a pass' logits probabilities: its largest, and 1 / the sum of e^(x - largest).
template <class A> struct SoftmaxRow {
  A largest, factor;

  HOST_DEVICE A operator()(A x) const { return exp_of(x - largest) * factor; }
};

template <class A> HOST_DEVICE A joined(const TtaRule& rule, A so_far, A probability, bool is_plain) {
  if (rule.takes_largest) return larger(so_far, probability);
  return so_far + static_cast<A>(is_plain ? rule.plain_weight : rule.variant_weight) * probability;
}

}  // namespace cudenza::kernels
