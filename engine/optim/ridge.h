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
  double loss = 0;            ///< cross-entropy of each row by the layer that is fitted to the others
};

/// Fits Y (1 for a row's class, else -1) by z [rows, features], whose columns have mean 0, and by a constant c, as large as a row
/// of z, for the bias:
///   A = (Z Z' + c² + lambda)^-1 Y,  weight = s A' Z,  bias = s c² sum of A's rows.
/// lambda and the factor s, which makes probabilities of the softmax, are those of a grid with the lowest cross-entropy of rows
/// left out one at a time: the prediction of row i without it is y_i - A_i / [(Z Z' + c² + lambda)^-1]_ii. (Hastie, Tibshirani,
/// Friedman: The Elements of Statistical Learning, 2009, 3.4.1 and 7.10.) In double, O(rows² features + rows³). Throws UsageError
/// for fewer than two rows and for labels that are no class.
Ridge fit_ridge(std::span<const float> z, std::span<const int64_t> labels, int64_t classes);

}  // namespace cudenza
