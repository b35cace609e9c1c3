/// An average of the weights over the steps, often better at evaluation than the weights themselves.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// The weighted mean of the weights after each step so far, those of k steps ago weighing decay^k; before the first step the
/// weights as they are. Batch norms' running statistics are not averaged: those of the averaged weights are others
/// (engine/train/update_batch_norm.h).
class WeightAverage {
 public:
  /// `parameters` must outlive it.
  explicit WeightAverage(const FlatParameters& parameters, double decay = 0.999);
  /// Takes the current weights in; once a step. Does not wait for the device.
  void update() const;
  /// Exchanges average and weights: before an evaluation, and again after it.
  void swap() const;
  const Tensor& average() const { return average_; }  ///< like FlatParameters::values()
  /// What a resumable state keeps, by name.
  std::vector<std::pair<std::string, Tensor>> state() const { return {{"average", average_}, {"average_updates", updates_}}; }

 private:
  const FlatParameters* parameters_;
  double decay_;
  Tensor average_;
  Tensor updates_;  // u32 [1], on the device: a captured step counts at each replay
};

}  // namespace cudenza
