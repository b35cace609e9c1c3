/// An exponential moving average of the weights, often better at evaluation than the weights themselves.
#pragma once
#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// average <- decay average + (1 - decay) weights, beginning with the weights as they are. Running statistics of batch norm
/// are averages already and stay as they are.
class WeightAverage {
 public:
  /// `parameters` must outlive it.
  explicit WeightAverage(const FlatParameters& parameters, double decay = 0.999);
  /// Takes the current weights in; once a step. Does not wait for the device.
  void update() const;
  /// Exchanges average and weights: before an evaluation, and again after it.
  void swap() const;
  const Tensor& average() const { return average_; }  ///< like FlatParameters::values()

 private:
  const FlatParameters* parameters_;
  double decay_;
  Tensor average_;
};

}  // namespace cudenza
