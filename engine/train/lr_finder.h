/// The learning-rate range test (Smith: Cyclical Learning Rates for Training Neural Networks; WACV 2017), as fastai's lr_find.
#pragma once
#include "engine/run/run_files.h"
#include "engine/train/trainer.h"

namespace cudenza {

struct LrFinderSpec {
  double first = 1e-7, last = 10;  ///< learning rate of step i: first (last / first)^(i / steps)
  int steps = 100;
  double stop_at = 4;  ///< stops at this multiple of the lowest smoothed loss
};

/// The groups' rates keep the ratios of the recipe's last phase, so that what is tried is what `lr` will do to the body; for the
/// plan transfer those of its first, whose rate `lr` is.
/// Trains with rising learning rates until the loss diverges, then restores the network and the generator. `on_step` gets the
/// number of steps done; returning false ends the search.
LrCurve find_learning_rate(const Trainer::Parts&, const Recipe&, const LrFinderSpec& = {},
                           const std::function<bool(int done)>& on_step = {});

/// fastai's suggestion: a point in the valley, before the loss is lowest. nullopt for curves of fewer than 20 points.
std::optional<size_t> valley(std::span<const LrCurve::Point>);

}  // namespace cudenza
