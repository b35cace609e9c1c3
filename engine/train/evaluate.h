/// Evaluation: a network's probabilities for clips, optionally with test-time augmentation.
#pragma once
#include <functional>
#include <stdexcept>

#include "engine/core/ranks.h"
#include "engine/nn/prepared.h"
#include "engine/ops/tta.h"
#include "engine/train/input.h"

namespace cudenza {

struct EvaluateSpec {
  int64_t batch_size = 64;  ///< approximate pictures per forward pass; with MathMode::deterministic always one row's
  int tta = 0;              ///< augmented passes; 0: only the plain pass
  TtaSpec join = {};        ///< how they are combined with the plain pass
  /// Share the rows out, by whole batches, and gather what each has found; null: a process alone. All ranks ask for the same.
  Ranks* ranks = nullptr;
  /// Called after each batch with the number of rows done, of all ranks' about. Returning false makes evaluate() throw Stopped.
  std::function<bool(int64_t done)> progress = {};
};

/// The network's output for a clip was infinite or NaN.
struct NotFiniteError : DataError {
  using DataError::DataError;
};

struct Stopped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Probabilities of every row, row-major [rows, classes]; a row with several views gets their mean. Throws NotFiniteError.
std::vector<double> evaluate(Prepared& network, Input&, std::span<const int64_t> rows, const EvaluateSpec& = {});
/// The same for a network that is prepared for this call alone.
std::vector<double> evaluate(Module& network, Input&, std::span<const int64_t> rows, const EvaluateSpec& = {});

/// Mean of the rows of `values` with the same `group` (0 … groups - 1), such as windows of one file. Row-major [groups, classes].
std::vector<double> mean_by_group(std::span<const double> values, std::span<const int> group, int groups);

}  // namespace cudenza
