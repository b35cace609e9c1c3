/// One training step: pictures, mixup, network, loss, gradients, update. Eager on the CPU; on a GPU captured once as a CUDA
/// graph and then replayed. Steps that differ (they start or end a group of batches) have their own graphs.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "engine/core/gpu.h"
#include "engine/core/ranks.h"
#include "engine/nn/module.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/weight_average.h"
#include "engine/train/input.h"
#include "engine/train/recipe.h"

namespace cudenza {

class TrainStep {
 public:
  /// All must outlive it. `average` may be null. Several ranks compute a share of each batch: the losses, gradients and, unless
  /// the recipe says sync_batch_norm, running statistics become those of the whole batch.
  TrainStep(Module& network, Input&, Optimizer&, Generator&, const Recipe&, const WeightAverage* average, Ranks&);

  struct Batch {
    std::span<const int64_t> rows, labels;  ///< [B] each
    uint32_t epoch;
    bool begins = true, ends = true;  ///< of a group of batches whose gradients make one update
    int in_group = 1;                 ///< number of batches in that group
  };
  /// Enqueues the step. Throws UsageError for a batch of fewer rows than ranks.
  void run(const Batch&);
  /// The loss of the last step: f32 [] on the device, always at the same address.
  const Tensor& loss() const { return loss_; }
  /// Call when the work of a step has changed: groups frozen or unfrozen.
  void forget_graphs() { kinds_.clear(), draws_at_.reset(); }

 private:
  /// What this rank computes of a batch.
  struct Part {
    std::vector<int64_t> rows, labels;  ///< its share; with mixup among several ranks, the partners behind it
    std::vector<float> lambda;          ///< of its share, with mixup among several ranks
  };
  Part part_of(const Batch&);
  void load(const Batch&);
  void enqueue(bool begins, bool ends, int in_group);
  /// Number of eager steps of one kind so far, and its graph.
  struct Kind {
    int eager_steps = 0;
    std::unique_ptr<gpu::CapturedGraph> graph = nullptr;
  };
  Tensor loss_of_batch();
  bool mixes_pairs() const { return recipe_.mixup > 0 && !ranks_.is_alone(); }

  Module& network_;
  Input& input_;
  Optimizer& optimizer_;
  Generator& random_;
  Recipe recipe_;
  const WeightAverage* average_;
  Ranks& ranks_;

  Share own_;                                 ///< of the batch
  double weight_ = 1;                         ///< this rank's share as a part of 1
  std::optional<Generator::State> draws_at_;  ///< the step that is drawn next: the device's counter, known without asking it
  Input::Batch batch_;
  Tensor labels_, partner_, lambda_, loss_;
  std::map<std::tuple<bool, bool, int>, Kind> kinds_;  // by begins, ends, in_group
};

}  // namespace cudenza
