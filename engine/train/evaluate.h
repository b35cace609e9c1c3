/// What a network makes of clips: probabilities, with test-time augmentation where asked for.
#pragma once
#include <functional>
#include <stdexcept>

#include "engine/nn/module.h"
#include "engine/ops/tta.h"
#include "engine/train/input.h"

namespace cudenza {

struct EvaluateSpec {
  int64_t batch_size = 64;  ///< pictures at once, about; MathMode::deterministic: one row's, whatever is said here
  int tta = 0;              ///< augmented passes; 0: the plain one alone
  TtaSpec join = {};        ///< how they are joined with it
  /// Called after each batch with the rows done so far; returning false stops, and evaluate() throws Stopped.
  std::function<bool(int64_t done)> progress = {};
};

/// The network's output for a clip was infinite or NaN.
struct NotFiniteError : DataError {
  using DataError::DataError;
};

struct Stopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Probabilities of every row, row-major [rows, classes]; a row of several views gets their mean. The network is in evaluation
/// mode while this runs, and in the mode it was in afterwards. Throws NotFiniteError.
std::vector<double> evaluate(Module& network, Input&, std::span<const int64_t> rows, const EvaluateSpec& = {});

/// Mean of `values` rows with the same `group` (0 … groups - 1): windows of one file. Row-major [groups, classes].
std::vector<double> mean_by_group(std::span<const double> values, std::span<const int> group, int groups);

}  // namespace cudenza
