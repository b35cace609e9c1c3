/// What a training depends on, as text: two runs with the same values on the same data are one.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "apps/study/compute.h"
#include "apps/study/train_options.h"

namespace cudenza {

/// Each under the name of its option: {"lr", "0.01"}. Of numbers every digit: two that differ at all are two.
using TrainValues = std::vector<std::pair<std::string, std::string>>;

/// What options come to, with the recipe's and the preset's values where nothing else was said; `run` is the input of the run
/// that they are for. Throws UsageError for options that make no sense.
TrainValues values_of(const Compute&, const TrainOptions&, const InputSpec& run);

}  // namespace cudenza
