/// The learning-rate range test (Smith: Cyclical Learning Rates for Training Neural Networks; WACV 2017), as fastai's lr_find.
#pragma once
#include "engine/run/run_files.h"
#include "engine/train/trainer.h"

namespace cudenza {

struct LrFinderSpec {
  double first = 1e-7, last = 10;  ///< rate of step i: first (last / first)^(i / steps)
  int steps = 100;
  double stop_at = 4;  ///< times the lowest smoothed loss
};

/// Trains with rates that rise from step to step until the loss grows out of hand, then puts the network and the generator back
/// as they were. `on_step` gets the steps done and may return false to end it.
LrCurve find_learning_rate(const Trainer::Parts&, const Recipe&, const LrFinderSpec& = {},
                           const std::function<bool(int done)>& on_step = {});

/// Where fastai would set the rate: in the valley, before the loss is at its lowest. None for curves of fewer than 20 points.
std::optional<size_t> valley(std::span<const LrCurve::Point>);

}  // namespace cudenza
