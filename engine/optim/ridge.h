/// Ridge regression of classes on features: a linear layer in closed form.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cudenza {

/// Logits are weight · z + bias.
struct Ridge {
  std::vector<float> weight;  ///< [classes, features]
  std::vector<float> bias;    ///< [classes]
  double penalty = 0;         ///< lambda, as chosen
  double loss = 0;            ///< cross-entropy of each group by the layer that is fitted to the others
};

/// Rows of z in groups: what is left out to choose the penalty is left out whole. A group is a file, its rows are windows of it.
struct RidgeGroups {
  std::span<const int64_t> labels;  ///< of each group
  std::span<const int64_t> sizes;   ///< rows of each group, which stand together; empty: one each
};

/// Fits Y (1 for a row's class, else -1) by z [rows, features], whose columns have mean 0, and by a constant c, as large as a row
/// of z, for the bias:
///   A = (Z Z' + c² + lambda)^-1 Y,  weight = s A' Z,  bias = s c² sum of A's rows.
/// The prediction of a group g without it is Y_g - G_gg^-1 A_g, where G = (Z Z' + c² + lambda)^-1; a group's logits are the mean
/// of its rows' ones. For each lambda of a grid, the factor s, which makes probabilities of the softmax, is the one with the
/// lowest cross-entropy of the groups so left out. lambda is then the largest whose cross-entropy lies within one standard error
/// of the lowest (Breiman et al.: Classification and Regression Trees, 1984, 3.4.3): an artist often has several
/// files, so that groups are less independent than the formula takes them for, and the lambda of the lowest is too small.
/// (Hastie, Tibshirani, Friedman: The Elements of Statistical Learning, 2009, 3.4.1 and 7.10.) In double but for products with Z;
/// O(rows² features + rows³). Throws UsageError for fewer than two groups and for labels that are no class.
Ridge fit_ridge(std::span<const float> z, const RidgeGroups&, int64_t classes);

}  // namespace cudenza
