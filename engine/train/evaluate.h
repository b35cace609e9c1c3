/// What a network makes of clips: probabilities, with test-time augmentation where asked for.
#pragma once
#include <functional>
#include <string_view>

#include "engine/nn/module.h"
#include "engine/train/input.h"

namespace cudenza {

/// How the passes of test-time augmentation are joined: A over the augmented passes, P of the plain one.
enum class TtaMode {
  blend,  ///< (1 - beta) A + beta P with A the mean: fastai's
  mean,   ///< the mean over all passes, the plain one among them
  max,    ///< each class's highest value, scaled to sum 1
};

struct EvaluateSpec {
  int64_t batch_size = 64;
  int tta = 0;  ///< augmented passes; 0: the plain one alone
  double beta = 0.25;
  TtaMode mode = TtaMode::blend;
  /// Called after each batch with the rows done so far; returning false stops, and evaluate() throws Stopped.
  std::function<bool(int64_t done)> progress = {};
};

struct Stopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Probabilities of every row, row-major [rows, classes]; a row of several views gets their mean. The network is in evaluation
/// mode while this runs, and in the mode it was in afterwards.
std::vector<double> evaluate(Module& network, Input&, std::span<const int64_t> rows, const EvaluateSpec& = {});

/// Mean of `values` rows with the same `group` (0 … groups - 1): windows of one file. Row-major [groups, classes].
std::vector<double> mean_by_group(std::span<const double> values, std::span<const int> group, int groups);

}  // namespace cudenza
