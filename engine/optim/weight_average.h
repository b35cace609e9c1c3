/// An average of the weights over the steps, often better at evaluation than the weights themselves.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// The weighted mean of the weights after each step so far, those of k steps ago weighing decay^k; before the first step the
/// weights as they are. The network's buffers are averaged alike: running statistics of batch norm belong to the weights that
/// made them, and are far from those of the averaged ones while a training is young.
class WeightAverage {
 public:
  /// `parameters` must outlive it. The buffers, f32 and on the parameters' device, become slices of one flat tensor, as do all
  /// copies of them, with their values kept.
  WeightAverage(const FlatParameters& parameters, const std::vector<Tensor>& buffers, double decay = 0.999);
  /// Takes the current weights and buffers in; once a step. Does not wait for the device.
  void update() const;
  /// Exchanges averages and current values: before an evaluation, and again after it.
  void swap() const;
  const Tensor& average() const { return parts_.front().average; }  ///< of FlatParameters::values(), and like them
  /// What a resumable state keeps, by name.
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  struct Part {
    std::string name;
    Tensor current, average;
  };
  void add(std::string name, const Tensor& current) { parts_.push_back({std::move(name), current, current.clone()}); }

  double decay_;
  Tensor updates_;  // u32 [1], on the device: a captured step counts at each replay
  std::vector<Part> parts_;
};

}  // namespace cudenza
