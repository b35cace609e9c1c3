#include "engine/train/train_step.h"

#include "engine/ops/cast.h"
#include "engine/ops/mixup.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/softmax_xent.h"

namespace cudenza {

TrainStep::TrainStep(Module& network, Input& input, Optimizer& optimizer, Generator& random, const Recipe& recipe,
                     const WeightAverage* average)
    : network_(network),
      input_(input),
      optimizer_(optimizer),
      random_(random),
      recipe_(recipe),
      average_(average),
      loss_(Tensor::zeros({}, DType::f32, input.device())) {}

/// Copies a batch to the tensors that the step reads.
void TrainStep::load(const Batch& batch) {
  const Shape shape{static_cast<int64_t>(batch.rows.size())};
  if (!labels_.defined() || labels_.shape() != shape) {
    forget_graphs();
    batch_.rows = Tensor::empty(shape, DType::i64, input_.device());
    batch_.epoch = Tensor::empty({1}, DType::u32, input_.device());
    labels_ = Tensor::empty(shape, DType::i64, input_.device());
  }
  batch_.rows.copy_from(Tensor::from(batch.rows, shape));
  batch_.epoch.copy_from(Tensor::from(std::vector{batch.epoch}, {1}));
  labels_.copy_from(Tensor::from(batch.labels, shape));
  input_.prepare(batch.rows, batch.epoch);
}

Tensor TrainStep::loss_of_batch() {
  const CrossEntropySpec spec{.label_smoothing = recipe_.label_smoothing};
  const Tensor x = input_.training(batch_);
  if (recipe_.mixup == 0) return softmax_cross_entropy(cast(network_(x), DType::f32), labels_, spec);
  const auto [mixed, targets] = mixup(x, labels_, recipe_.mixup, random_);
  return softmax_cross_entropy(cast(network_(mixed), DType::f32), targets, spec);
}

void TrainStep::enqueue(bool begins, bool ends, int in_group) {
  const Tensor loss = loss_of_batch();
  if (begins) optimizer_.zero_grad();
  optimizer_.backward(in_group == 1 ? loss : scale(loss, 1.0 / in_group));
  if (ends) optimizer_.step();
  if (ends && average_) average_->update();
  random_.advance_step();
  loss_.copy_from(loss);
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
