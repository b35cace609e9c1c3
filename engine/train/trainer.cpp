#include "engine/train/trainer.h"

#include <algorithm>
#include <cmath>

#include "engine/nn/layers.h"
#include "engine/train/batch_order.h"
#include "engine/train/update_batch_norm.h"

namespace cudenza {
namespace {

constexpr double kSmoothing = 0.98;
constexpr int64_t kUnreadLosses = 16;  // on a GPU several losses are read at once, so that steps do not wait

constexpr size_t kStatisticsBatches = 32;  // for the statistics of averaged weights' batch norms

std::string diverged_at(const Trainer::Step& step, std::string_view what, int64_t batches) {
  return fmt::format(
      "training diverged: {} in epoch {}, step {} of {}, at learning rate {:.3g}; start a new run with a lower `lr`, "
      "`max_norm` 1, or bf16 instead of fp16",
      what, step.at.epoch + 1, step.at.batch + 1, batches, step.lr);
}

std::unique_ptr<WeightAverage> make_average(const FlatParameters& parameters, double decay) {
  return decay > 0 ? std::make_unique<WeightAverage>(parameters, decay) : nullptr;
}

}  // namespace

void SmoothLoss::add(double loss) {
  sum = kSmoothing * sum + (1 - kSmoothing) * loss;
  ++count;
}

double SmoothLoss::value() const { return sum / (1 - std::pow(kSmoothing, static_cast<double>(count))); }

Trainer::Trainer(const Parts& parts, const Recipe& recipe)
    : parts_(parts),
      recipe_(recipe),
      parameters_(parts.groups),
      phases_(phases_of(recipe, parameters_.groups())),
      optimizer_(parameters_, method_of(recipe)),
      average_(make_average(parameters_, recipe.ema)),
      step_(parts_.network, parts_.input, optimizer_, *parts_.random, recipe_, average_.get(), *parts_.ranks),
      seed_(parts.random->state().seed),
      batch_size_(std::min<int64_t>(recipe.batch_size, static_cast<int64_t>(parts.rows.size()))),
      batches_(cudenza::batches_per_epoch(static_cast<int64_t>(parts.rows.size()), recipe.batch_size)),
      losses_(Tensor::zeros({kUnreadLosses}, DType::f32, parts.input.device())) {
  require(batches_ > 0, "there are no clips to train on");
  require(
      batch_size_ >= parts_.ranks->size(),
      "`batch_size` is {}, but {} processes share it, and each needs a clip of every batch; start fewer, or take a larger one",
      batch_size_, parts_.ranks->size());
  optimizer_.set_max_norm(recipe.max_norm);
}

int Trainer::epochs() const {
  int count = 0;
  for (const Phase& phase : phases_) count += phase.epochs;
  return count;
}

bool Trainer::has(const Position& at) const {
  const int phases = static_cast<int>(phases_.size());
  if (at.phase < 0 || at.phase > phases || at.epoch_of_phase < 0 || at.batch < 0) return false;
  int epochs_before = 0;
  for (int i = 0; i < at.phase; ++i) epochs_before += phases_[i].epochs;
  if (at.phase == phases) return at == Position{.phase = phases, .epoch = epochs_before};
  return at.epoch_of_phase < phases_[at.phase].epochs && at.batch < batches_ && at.epoch == epochs_before + at.epoch_of_phase;
}

/// Freezes the phase's groups. Its first epoch starts with cleared moments, as in fastai.
void Trainer::begin_phase() {
  const Phase& phase = phases_[position_.phase];
  parameters_.freeze_to(phase.first_trained_group, phase.norms_frozen);
  const bool begins = position_.epoch_of_phase == 0 && position_.batch == 0;
  if (parts_.on_phase) parts_.on_phase(phase, begins);
  step_.forget_graphs();
  share_weights();
  if (!begins) return;
  optimizer_.clear_state();
  smooth_ = {};
}

bool Trainer::depends_on_ranks() const {
  bool has_batch_norms = false;
  parts_.network.visit(
      [&](const std::string&, Module& part) { has_batch_norms |= dynamic_cast<BatchNorm2d*>(&part) != nullptr; });
  return has_batch_norms && !recipe_.sync_batch_norm;
}

/// All ranks begin with the same bits, however each has come to its weights.
void Trainer::share_weights() {
  if (parts_.ranks->is_alone()) return;
  parts_.ranks->broadcast(parameters_.values());
  for (const NamedTensor& buffer : parts_.network.named_buffers()) parts_.ranks->broadcast(buffer.tensor);
}

void Trainer::set_rates() {
  const Phase& phase = phases_[position_.phase];
  const auto done = static_cast<double>(position_.epoch_of_phase * batches_ + position_.batch);
  optimizer_.set_rates(phase.lrs, value_at(phase.schedule, done / static_cast<double>(phase.epochs * batches_)));
}

std::span<const int64_t> Trainer::rows_of_batch(int64_t batch) const {
  return std::span(order_).subspan(static_cast<size_t>(batch * batch_size_), static_cast<size_t>(batch_size_));
}

void Trainer::run_batch() {
  const auto rows = rows_of_batch(position_.batch);
  std::vector<int64_t> labels;
  for (const int64_t row : rows) labels.push_back(parts_.labels.at(static_cast<size_t>(row)));
  const int64_t group_begin = position_.batch / recipe_.accumulate * recipe_.accumulate;
  const int64_t group_end = std::min(group_begin + recipe_.accumulate, batches_);
  step_.run({.rows = rows,
             .labels = labels,
             .epoch = static_cast<uint32_t>(position_.epoch),
             .begins = position_.batch == group_begin,
             .ends = position_.batch + 1 == group_end,
             .in_group = static_cast<int>(group_end - group_begin)});
  losses_.slice(static_cast<int64_t>(unread_.size()), {}).copy_from(step_.loss());
  unread_.push_back({.at = position_, .loss = 0, .lr = lr(), .momentum = optimizer_.momentum()});
}

bool Trainer::report_losses(const AfterBatch& after_batch) {
  const std::vector<float> losses = losses_.to_vector<float>();
  bool goes_on = true;
  for (size_t i = 0; i < unread_.size(); ++i) {
    Step& step = unread_[i];
    step.loss = losses[i];
    if (!std::isfinite(step.loss))
      throw DivergedError(diverged_at(step, fmt::format("the loss became {}", std::abs(step.loss)), batches_));
    last_step_ = step;
    smooth_.add(step.loss);
    goes_on = after_batch(step) && goes_on;
  }
  unread_.clear();
  return goes_on;
}

void Trainer::advance() {
  if (++position_.batch < batches_) return;
  position_.batch = 0;
  ++position_.epoch;
  if (++position_.epoch_of_phase < phases_[position_.phase].epochs) return;
  position_.epoch_of_phase = 0;
  ++position_.phase;
}

bool Trainer::run_epoch(const AfterBatch& after_batch) {
  require(!done(), "run_epoch: the recipe's {} epochs are done", epochs());
  const int epoch = position_.epoch;
  if (position_.epoch_of_phase == 0 || order_.empty()) begin_phase();
  order_ = recipe_.fixed_order ? parts_.rows : shuffled(parts_.rows, seed_, static_cast<uint32_t>(epoch));
  parts_.network.train(true);
  const auto bundle = static_cast<size_t>(parts_.input.device().is_cpu() ? 1 : kUnreadLosses);
  bool goes_on = true;
  const auto within_group = [&] { return position_.batch % recipe_.accumulate != 0; };  // saved states hold no gradients
  while (position_.epoch == epoch && (goes_on || within_group())) {
    set_rates();
    run_batch();
    advance();
    if (unread_.size() == bundle || position_.epoch != epoch) goes_on = report_losses(after_batch) && goes_on;
  }
  return position_.epoch != epoch;
}

DivergedError Trainer::diverged(std::string_view what) const { return DivergedError(diverged_at(last_step_, what, batches_)); }

Trainer::Averaged::Averaged(const Trainer& trainer) : trainer_(trainer) {
  if (!trainer.average_) return;
  const Parts& parts = trainer.parts_;
  for (const NamedTensor& buffer : parts.network.named_buffers()) buffers_.push_back({buffer.tensor, buffer.tensor.clone()});
  trainer.average_->swap();
  std::vector<int64_t> rows = shuffled(parts.rows, trainer.seed_, 0);  // shuffled, to get all classes
  rows.resize(std::min(rows.size(), kStatisticsBatches * static_cast<size_t>(trainer.batch_size_)));
  update_batch_norm(parts.network, parts.input, rows, trainer.batch_size_, *parts.ranks);
}

Trainer::Averaged::~Averaged() {
  if (!trainer_.average_) return;
  trainer_.average_->swap();
  for (const auto& [now, trained] : buffers_) now.copy_from(trained);
}

std::vector<std::pair<std::string, Tensor>> Trainer::state() const {
  std::vector<std::pair<std::string, Tensor>> all = optimizer_.state();
  if (average_) std::ranges::move(average_->state(), std::back_inserter(all));
  return all;
}

void Trainer::resume(const Position& at, const SmoothLoss& smooth) {
  position_ = at;
  smooth_ = smooth;
  order_.clear();  // so that run_epoch() calls begin_phase() again
}

void Trainer::set_epochs(int epochs) {
  if (epochs == recipe_.epochs) return;
  Recipe recipe = recipe_;
  recipe.epochs = epochs;
  std::vector<Phase> phases = phases_of(recipe, parameters_.groups());
  Position at = position_;
  if (done()) {  // not done any more if the last phase has grown
    --at.phase;
    at.epoch_of_phase = phases_.back().epochs;
  }
  for (int p = 0; p < at.phase; ++p) {
    require(phases[p].epochs == phases_[p].epochs,
            "`epochs` cannot change from {} to {}: a round is over, and more are to come; start a new run", recipe_.epochs,
            epochs);
  }
  const int length = phases[at.phase].epochs, trained = at.epoch_of_phase;
  require(trained < length || (trained == length && at.batch == 0),
          "`epochs` is {}, but {} epochs of the round are trained already", epochs, trained);
  if (trained == length) {
    ++at.phase;
    at.epoch_of_phase = 0;
  }
  recipe_.epochs = epochs;
  phases_ = std::move(phases);
  resume(at, smooth_);
}

}  // namespace cudenza
