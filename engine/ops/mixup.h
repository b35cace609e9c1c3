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

/// What mixup() draws for a batch of so many samples, if it is the first random op of the step that `at` stands at: for a process
/// that computes a part of the batch, whose partners may be another's.
struct MixupDraws {
  std::vector<int64_t> partner;
  std::vector<float> lambda;
};
MixupDraws mixup_draws(int64_t samples, double alpha, const Generator::State& at);

/// The blend alone: y[n] = x[N + n] + lambda[n] (x[n] - x[N + n]). x is [2N,…], lambda [N] in its accumulator dtype. No gradient
/// flows through it.
Tensor mix_pairs(const Tensor& x, const Tensor& lambda);

}  // namespace cudenza
