#include "engine/train/train_step.h"

#include <numeric>

#include "engine/ops/cast.h"
#include "engine/ops/mixup.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/softmax_xent.h"
#include "engine/train/gradient_buckets.h"
#include "engine/train/shared_norms.h"

namespace cudenza {

TrainStep::TrainStep(Module& network, Input& input, Optimizer& optimizer, Generator& random, const Recipe& recipe,
                     const WeightAverage* average, Ranks& ranks)
    : network_(network),
      input_(input),
      optimizer_(optimizer),
      random_(random),
      recipe_(recipe),
      average_(average),
      ranks_(ranks),
      loss_(Tensor::zeros({}, DType::f32, input.device())) {
  if (!ranks.is_alone()) share_statistics(network, recipe.sync_batch_norm ? &ranks : nullptr);
}

/// With mixup a partner may belong to another rank. Its picture is computed here as well: its row and the epoch are all that it
/// depends on, so that nothing need be sent.
TrainStep::Part TrainStep::part_of(const Batch& batch) {
  const auto size = static_cast<int64_t>(batch.rows.size());
  require(size >= ranks_.size(), "TrainStep: {} rows cannot be shared by {} processes; start fewer", size, ranks_.size());
  own_ = ranks_.share(size);
  weight_ = static_cast<double>(own_.count) / static_cast<double>(size);
  random_.set_place(own_.begin);
  const auto own = [&](auto all) {
    const auto part = own_.of(all);
    return std::vector(part.begin(), part.end());
  };
  Part part{.rows = own(batch.rows), .labels = own(batch.labels), .lambda = {}};
  if (!mixes_pairs()) return part;
  if (!draws_at_) draws_at_ = random_.state();
  const MixupDraws draws = mixup_draws(size, recipe_.mixup, *draws_at_);
  ++draws_at_->step;
  part.lambda = own(std::span(draws.lambda));
  for (const int64_t partner : own(std::span(draws.partner))) {
    part.rows.push_back(batch.rows[static_cast<size_t>(partner)]);
    part.labels.push_back(batch.labels[static_cast<size_t>(partner)]);
  }
  return part;
}

/// Copies this rank's part of a batch to the tensors that the step reads.
void TrainStep::load(const Batch& batch) {
  const Part part = part_of(batch);
  const Shape shape{std::ssize(part.rows)}, own{own_.count};
  if (!labels_.defined() || labels_.shape() != shape) {
    kinds_.clear();
    batch_.rows = Tensor::empty(shape, DType::i64, input_.device());
    batch_.epoch = Tensor::empty({1}, DType::u32, input_.device());
    labels_ = Tensor::empty(shape, DType::i64, input_.device());
    std::vector<int64_t> behind(static_cast<size_t>(own_.count));
    std::iota(behind.begin(), behind.end(), own_.count);
    partner_ = Tensor::from(behind, own).to(input_.device());
    lambda_ = Tensor::empty(own, DType::f32, input_.device());
  }
  if (mixes_pairs()) lambda_.copy_from(Tensor::from(part.lambda, own));
  batch_.rows.copy_from(Tensor::from(part.rows, shape));
  batch_.epoch.copy_from(Tensor::from(std::vector{batch.epoch}, {1}));
  labels_.copy_from(Tensor::from(part.labels, shape));
  input_.prepare(part.rows, batch.epoch);
}

Tensor TrainStep::loss_of_batch() {
  const CrossEntropySpec spec{.label_smoothing = recipe_.label_smoothing};
  const Tensor x = input_.training(batch_);
  if (recipe_.mixup == 0) return softmax_cross_entropy(cast(network_(x), DType::f32), labels_, spec);
  if (mixes_pairs()) {
    random_.next(input_.device());  // the draw that part_of() has made
    const MixedLabels targets{labels_, partner_, lambda_};
    return softmax_cross_entropy(cast(network_(mix_pairs(x, lambda_)), DType::f32), targets, spec);
  }
  const auto [mixed, targets] = mixup(x, labels_, recipe_.mixup, random_);
  return softmax_cross_entropy(cast(network_(mixed), DType::f32), targets, spec);
}

/// The mean over the batch is the sum of the ranks' means, each weighted by its share; so is the gradient. Every rank has the sum
/// before norm, overflow and update are decided on, and so decides the same.
void TrainStep::enqueue(bool begins, bool ends, int in_group) {
  const Tensor loss = loss_of_batch();
  if (begins) optimizer_.zero_grad();
  const double factor = weight_ / in_group;
  std::optional<GradientBuckets> buckets;
  if (ends && !ranks_.is_alone())
    buckets.emplace(optimizer_.parameters(), ranks_, GradientBuckets::Spec{.wire = recipe_.gradient_wire});
  optimizer_.backward(factor == 1 ? loss : scale(loss, factor));
  if (!ranks_.is_alone()) average_running_statistics(network_, ranks_, weight_);
  if (buckets) buckets->finish();
  if (ends) optimizer_.step();
  if (ends && average_) average_->update();
  random_.advance_step();
  loss_.copy_from(weight_ == 1 ? loss : scale(loss.detach(), weight_));
  if (!ranks_.is_alone()) ranks_.sum(loss_);
}

void TrainStep::run(const Batch& batch) {
  load(batch);
  // The first steps create what a capture must not: library plans and counters in device memory.
  constexpr int kEagerSteps = 2;
  Kind& kind = kinds_[{batch.begins, batch.ends, batch.in_group}];
  const auto work = [&] { enqueue(batch.begins, batch.ends, batch.in_group); };
  if (input_.device().is_cpu() || kind.eager_steps < kEagerSteps) {
    ++kind.eager_steps;
    return work();
  }
  if (!kind.graph) kind.graph = std::make_unique<gpu::CapturedGraph>(input_.device().index(), work);
  kind.graph->replay();
}

}  // namespace cudenza
