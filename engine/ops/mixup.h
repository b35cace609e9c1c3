/// Mixup: training on blends of samples (Zhang, Cisse, Dauphin, Lopez-Paz, mixup, ICLR 2018). As in fastai, each sample has
/// its own lambda of at least 1/2.
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"
#include "engine/ops/softmax_xent.h"

namespace cudenza {

struct MixedBatch {
  Tensor x;            ///< x_partner + lambda (x - x_partner)
  MixedLabels labels;  ///< for softmax_cross_entropy
};

/// Blends each sample x[n,…] with sample partner[n] of a random permutation of the batch, with its own lambda ~ Beta(alpha,
/// alpha), lambda <- max(lambda, 1 - lambda). labels is i64 [N]; the result holds it with partner and lambda (in the
/// accumulator dtype of x). For alpha = 0, lambda is 1 and x is returned itself. One kernel draws, reads x once and writes
/// once. No gradient flows through it. Throws UsageError for alpha < 0, a batch of 0 or more than 2048 samples, or labels
/// that do not match.
MixedBatch mixup(const Tensor& x, const Tensor& labels, double alpha, Generator& random);

}  // namespace cudenza
