/// What several passes over the same samples say together: from logits to joined probabilities in one kernel.
///
///   p[0,b,·] = softmax(plain[b,·]),   p[v,b,·] = softmax(variants[(v - 1)·rows + b,·]),   v = 1 … passes - 1
///   y[b,c]   = sum over v of weight_v p[v,b,c],   or   largest p[v,b,c] / the sum of these over c
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

/// P: the probabilities of the plain pass; A: the mean over the variants' probabilities.
enum class TtaMode {
  blend,  ///< (1 - beta) A + beta P, as fastai's
  mean,   ///< the mean over all passes, the plain one among them
  max,    ///< each class' largest probability over all passes, scaled so that a sample's sum is 1
};

/// How passes are joined.
struct TtaRule {
  bool takes_largest;
  double plain_weight, variant_weight;

  TtaRule(TtaMode mode, double beta, int64_t variants)
      : takes_largest(mode == TtaMode::max),
        plain_weight(mode == TtaMode::blend ? beta : 1.0 / static_cast<double>(variants + 1)),
        variant_weight(mode == TtaMode::blend ? (1 - beta) / static_cast<double>(variants) : plain_weight) {}
};

/// plain is [rows, classes], variants [(passes - 1)·rows, classes], y [rows, classes]. REQUIRES 2 <= passes <= 4096,
/// 0 < classes < 2^31.
template <class T>
void tta_probabilities(Reference, const TtaRule&, const T* plain, const T* variants, acc_t<T>* y, int64_t rows, int64_t classes,
                       int64_t passes);
template <class T>
void tta_probabilities(Cpu, const TtaRule&, const T* plain, const T* variants, acc_t<T>* y, int64_t rows, int64_t classes,
                       int64_t passes);
template <class T>
void tta_probabilities(Gpu, const TtaRule&, const T* plain, const T* variants, acc_t<T>* y, int64_t rows, int64_t classes,
                       int64_t passes);

}  // namespace cudenza::kernels
