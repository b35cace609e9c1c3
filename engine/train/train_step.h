/// One training step: pictures, mixup, network, loss, gradients, update. Eager on the CPU; on a GPU captured once as a CUDA
/// graph and then replayed. Steps that differ (they start or end a group of batches) have their own graphs.
#pragma once
#include <map>
#include <memory>
#include <tuple>

#include "engine/core/gpu.h"
#include "engine/nn/module.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/weight_average.h"
#include "engine/train/input.h"
#include "engine/train/recipe.h"

namespace cudenza {

class TrainStep {
 public:
  /// All must outlive it. `average` may be null.
  TrainStep(Module& network, Input&, Optimizer&, Generator&, const Recipe&, const WeightAverage* average);

  struct Batch {
    std::span<const int64_t> rows, labels;  ///< [B] each
    uint32_t epoch;
    bool begins = true, ends = true;  ///< of a group of batches whose gradients make one update
    int in_group = 1;                 ///< number of batches in that group
  };
  /// Enqueues the step.
  void run(const Batch&);
  /// The loss of the last step: f32 [] on the device, always at the same address.
  const Tensor& loss() const { return loss_; }
  /// Call when the work of a step has changed: groups frozen or unfrozen.
  void forget_graphs() { kinds_.clear(); }

 private:
  void load(const Batch&);
  void enqueue(bool begins, bool ends, int in_group);
  /// Number of eager steps of one kind so far, and its graph.
  struct Kind {
    int eager_steps = 0;
    std::unique_ptr<gpu::CapturedGraph> graph = nullptr;
  };
  Tensor loss_of_batch();

  Module& network_;
  Input& input_;
  Optimizer& optimizer_;
  Generator& random_;
  Recipe recipe_;
  const WeightAverage* average_;

  Input::Batch batch_;
  Tensor labels_, loss_;
  std::map<std::tuple<bool, bool, int>, Kind> kinds_;  // by begins, ends, in_group
};

}  // namespace cudenza
