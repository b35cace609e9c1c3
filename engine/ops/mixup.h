/// Mixup: training on blends of samples. (Zhang, Cisse, Dauphin, Lopez-Paz, mixup, ICLR 2018; a lambda of its own for each
/// sample, at least 1/2, as fastai draws it)
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"
#include "engine/ops/softmax_xent.h"

namespace cudenza {

struct MixedBatch {
  Tensor x;            ///< x_partner + lambda (x - x_partner)
  MixedLabels labels;  ///< for softmax_cross_entropy
};

/// Blends each sample x[n,…] with sample partner[n] of one random permutation of the batch, by its own lambda ~ Beta(alpha,
/// alpha), lambda <- max(lambda, 1 - lambda). labels is i64 [N] and comes back in the result beside partner and lambda, which is
/// of the accumulator type of x. For alpha = 0 lambda is 1 and x comes back itself. One kernel: it draws, reads x once and writes
/// once. No gradient flows through it. Throws UsageError for alpha < 0, a batch of none or of more than 2048 samples, or labels
/// that do not match.
MixedBatch mixup(const Tensor& x, const Tensor& labels, double alpha, Generator& random);

struct MixedSoftBatch {
  Tensor x, targets;
};

/// The same for targets [N, classes] of the accumulator type of x, which are blended as x is, by the same kernel.
MixedSoftBatch mixup_soft(const Tensor& x, const Tensor& targets, double alpha, Generator& random);

}  // namespace cudenza
