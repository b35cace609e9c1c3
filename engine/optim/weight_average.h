/// Exponential moving average (EMA) of the weights, often better at evaluation than the weights themselves.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// The mean of the weights after each step so far, where those of k steps ago are weighted by decay^k. Before the first step
/// it is the weights themselves. Batch norms' running statistics are not averaged: averaged weights need their own
/// (engine/train/update_batch_norm.h).
class WeightAverage {
 public:
  /// `parameters` must outlive it.
  explicit WeightAverage(const FlatParameters& parameters, double decay = 0.999);
  /// Adds the current weights; call once per step. Does not wait for the device.
  void update() const;
  /// Swaps average and weights: call before an evaluation, and again after it.
  void swap() const;
  const Tensor& average() const { return average_; }  ///< like FlatParameters::values()
  /// State for resuming, by name.
  std::vector<std::pair<std::string, Tensor>> state() const { return {{"average", average_}, {"average_updates", updates_}}; }

 private:
  const FlatParameters* parameters_;
  double decay_;
  Tensor average_;
  Tensor updates_;  // u32 [1] on the device, so that each replay counts
};

}  // namespace cudenza
