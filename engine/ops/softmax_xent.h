/// Softmax, and cross-entropy on logits. Losses are means over the rows: scalars [] in the accumulator dtype of the logits
/// (f32; f64 for f64). All are differentiable in x or the logits only.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

Tensor softmax(const Tensor& x);      ///< over the last axis, any rank but 0
Tensor log_softmax(const Tensor& x);  ///< over the last axis, any rank but 0

struct CrossEntropySpec {
  /// In [0, 1]: each target becomes (1 - label_smoothing) of itself plus label_smoothing / classes, as in PyTorch.
  double label_smoothing = 0;
};

/// -log softmax(logits)[n, labels[n]], mean over n. logits is [N,classes], labels i64 [N] on the same device. For a label
/// outside [0, classes) the CPU throws UsageError; on a GPU, where a check would stall, the loss becomes NaN.
Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec = {});

/// A batch's labels after mixup: row n's target is lambda[n] parts labels[n] and 1 - lambda[n] parts labels[partner[n]].
struct MixedLabels {
  Tensor labels;   ///< i64 [N], or more, whose first N are the batch's own
  Tensor partner;  ///< i64 [N], numbers of labels
  Tensor lambda;   ///< accumulator dtype of the logits, [N]
};
/// lambda l(p, y) + (1 - lambda) l(p, y_partner) with l as above, mean over n.
Tensor softmax_cross_entropy(const Tensor& logits, const MixedLabels& labels, const CrossEntropySpec& spec = {});

/// -sum over c of targets[n,c] log softmax(logits)[n,c], mean over n. targets is [N,classes] in the accumulator dtype of the
/// logits; a row need not sum to 1.
Tensor soft_cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropySpec& spec = {});

/// The terms of softmax_cross_entropy's mean, [N]: for lists of top losses. Not differentiable.
Tensor cross_entropy_per_row(const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec = {});

}  // namespace cudenza
