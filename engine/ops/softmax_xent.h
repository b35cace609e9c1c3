/// Softmax, and cross-entropy on logits. Losses are means over the rows: scalars [] in the accumulator type of the logits
/// (f32; f64 for f64). All are differentiable in x or the logits, and in nothing else.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

Tensor softmax(const Tensor& x);      ///< over the last axis, any rank but 0
Tensor log_softmax(const Tensor& x);  ///< over the last axis, any rank but 0

struct CrossEntropySpec {
  /// In [0, 1]: each target becomes (1 - label_smoothing) of itself plus label_smoothing / classes, as in PyTorch.
  double label_smoothing = 0;
};

/// -log softmax(logits)[n, labels[n]], mean over n. logits is [N,classes], labels i64 [N] on the same device. A label outside
/// [0, classes) throws UsageError on the CPU; on a GPU, where looking would stall it, the loss becomes NaN.
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec = {});

/// What mixup makes of a batch's labels: row n is lambda[n] parts itself and 1 - lambda[n] parts row partner[n].
struct MixedLabels {
  Tensor labels;   ///< i64 [N]
  Tensor partner;  ///< i64 [N], in [0, N)
  Tensor lambda;   ///< accumulator type of the logits, [N]
};
/// lambda l(p, y) + (1 - lambda) l(p, y_partner) with l as above, mean over n.
Tensor softmax_cross_entropy(const Tensor& logits, const MixedLabels& labels, const CrossEntropySpec& spec = {});

/// -sum over c of targets[n,c] log softmax(logits)[n,c], mean over n. targets is [N,classes] in the accumulator type of the
/// logits; a row need not sum to 1.
Tensor soft_cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropySpec& spec = {});

/// The terms of softmax_cross_entropy's mean, [N]: for tables of top losses. Records nothing.
Tensor cross_entropy_per_row(const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec = {});

}  // namespace cudenza
