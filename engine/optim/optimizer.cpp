#include "engine/optim/optimizer.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/core/dispatch.h"
#include "kernels/optimizer/optimizer_math.h"

namespace cudenza {
namespace {

using kernels::Hyper;

Hyper hyper_of(const Sgd& m) { return {.lr = m.lr, .momentum = m.momentum, .weight_decay = m.weight_decay}; }
Hyper hyper_of(const Adam& m) { return {m.lr, m.beta1, m.weight_decay, m.beta2, m.eps}; }
Hyper hyper_of(const AdamW& m) { return {m.lr, m.beta1, m.weight_decay, m.beta2, m.eps}; }

template <class Struct> Tensor room_for(int64_t count, DType unit, Device device) {
  return Tensor::zeros({count * static_cast<int64_t>(sizeof(Struct) / size_of(unit))}, unit, device);
}

/// All sections, or those that train, as kernel segments. Hyperparameters are indexed by section.
std::vector<kernels::Segment> segments_of(const FlatParameters& parameters, bool trained_only) {
  std::vector<kernels::Segment> segments;
  const auto& sections = parameters.sections();
  for (size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].trains || !trained_only) segments.push_back({sections[i].begin, sections[i].end, static_cast<int>(i)});
  }
  return segments;
}

void check_group(std::string_view what, int group, const FlatParameters& parameters) {
  require(group >= 0 && group < parameters.groups(), "{}: there is no group {} among {}", what, group, parameters.groups());
}

}  // namespace

Optimizer::Optimizer(FlatParameters& parameters, const OptimizerMethod& method) : parameters_(&parameters) {
  const Hyper hyper = std::visit([](const auto& m) { return hyper_of(m); }, method);
  if (const Sgd* sgd = std::get_if<Sgd>(&method)) is_sgd_ = true, nesterov_ = sgd->nesterov;
  require(is_sgd_ || hyper.eps > 0, "Optimizer: Adam's eps is {}, but must be positive", hyper.eps);
  require(!nesterov_ || hyper.momentum > 0, "Optimizer: Nesterov's step needs a momentum, but it is {}", hyper.momentum);
  const Device device = parameters.values().device();
  const auto sections = static_cast<int64_t>(parameters.sections().size());
  hypers_.assign(static_cast<size_t>(sections), hyper);
  table_ = room_for<Hyper>(sections, DType::f64, device);
  if (is_sgd_) coefficients_ = room_for<kernels::SgdUpdate::Coefficients>(sections, DType::f32, device);
  else coefficients_ = room_for<kernels::AdamUpdate::Coefficients>(sections, DType::f32, device);
  parts_ = room_for<kernels::GradientPart>(kernels::gradient_parts(segments_of(parameters, false)), DType::f32, device);
  step_state_ = room_for<kernels::StepState>(1, DType::f32, device);
  step_state_.slice(0, {}).copy_from(Tensor::full({}, 1, DType::f32));
  first_ = Tensor::zeros(parameters.values().shape(), DType::f32, device);
  if (!is_sgd_) second_ = Tensor::zeros(parameters.values().shape(), DType::f32, device);
  change([](Hyper& h, const auto& section) { h.weight_decay *= section.kind == ParameterKind::weight; });
}

/// Calls f with the kernel functor of the method.
template <class F> void Optimizer::with_update(F&& f) const {
  if (is_sgd_) f(kernels::SgdUpdate{nesterov_});
  else f(kernels::AdamUpdate{});
}

/// Calls f on every section's hyperparameters, then sends them all to the device at once.
template <class F> void Optimizer::change(F&& f) {
  for (size_t i = 0; i < hypers_.size(); ++i) f(hypers_[i], parameters_->sections()[i]);
  on_device(table_.device(), [&](auto where) { kernels::set_hypers(where, static_cast<Hyper*>(table_.raw()), hypers_); });
}

void Optimizer::set_rates(std::span<const double> lrs, const ScheduleValue& at) {
  const int groups = parameters_->groups();
  require(static_cast<int>(lrs.size()) == groups, "set_rates: got {} learning rates for {} groups", lrs.size(), groups);
  change([&](Hyper& h, const auto& section) {
    h.lr = lrs[section.group] * at.lr_factor;
    h.momentum = at.momentum.value_or(h.momentum);
  });
}

void Optimizer::set_lr(int group, double lr) {
  check_group("set_lr", group, *parameters_);
  change([=](Hyper& h, const auto& section) { h.lr = section.group == group ? lr : h.lr; });
}

void Optimizer::set_lr(double lr) {
  change([=](Hyper& h, const auto&) { h.lr = lr; });
}

void Optimizer::set_momentum(double momentum) {
  require(momentum >= 0 && momentum < 1, "set_momentum: {} does not lie in [0, 1)", momentum);
  change([=](Hyper& h, const auto&) { h.momentum = momentum; });
}

void Optimizer::set_weight_decay(int group, double weight_decay) {
  check_group("set_weight_decay", group, *parameters_);
  change([=](Hyper& h, const auto& section) {
    if (section.group == group && section.kind == ParameterKind::weight) h.weight_decay = weight_decay;
  });
}

double Optimizer::lr(int group) const {
  for (size_t i = 0; i < hypers_.size(); ++i) {
    if (parameters_->sections()[i].group == group) return hypers_[i].lr;
  }
  throw UsageError(fmt::format("lr: there is no group {} among {}, or it is empty", group, parameters_->groups()));
}

double Optimizer::momentum() const { return hypers_.front().momentum; }

void Optimizer::set_max_norm(double max_norm) {
  require(max_norm >= 0, "set_max_norm: {} is negative; 0 switches clipping off", max_norm);
  rule_.max_norm = max_norm;
}

void Optimizer::set_skip_non_finite(bool on) { rule_.skip_non_finite = on; }

void Optimizer::use_loss_scale(const LossScale& spec) {
  require(spec.initial >= 1 && spec.growth >= 1 && spec.backoff > 0 && spec.backoff < 1 && spec.growth_interval > 0,
          "use_loss_scale: initial {} and growth {} must be at least 1, backoff {} inside (0, 1), growth_interval {} positive",
          spec.initial, spec.growth, spec.backoff, spec.growth_interval);
  scales_loss_ = rule_.dynamic_scale = true;
  rule_.growth = spec.growth, rule_.backoff = spec.backoff, rule_.growth_interval = spec.growth_interval;
  step_state_.slice(0, {}).copy_from(Tensor::full({}, spec.initial, DType::f32));
}

void Optimizer::backward(const Tensor& loss) const {
  if (!scales_loss_) return loss.backward();
  require(loss.numel() == 1, "Optimizer::backward: needs a one-element loss but got {}", loss.shape());
  loss.backward(step_state_.slice(0, loss.shape()));  // read on the device when the backward pass gets there
}

void Optimizer::step() {
  const auto segments = segments_of(*parameters_, true);
  const bool measures = rule_.max_norm > 0 || rule_.skip_non_finite || rule_.dynamic_scale;
  const kernels::FlatBuffers buffers{.p = parameters_->values().data<float>(),
                                     .g = parameters_->gradients().data<float>(),
                                     .first = first_.data<float>(),
                                     .second = second_.defined() ? second_.data<float>() : nullptr};
  const kernels::StepInputs inputs{.rule = rule_,
                                   .parts = static_cast<const kernels::GradientPart*>(parts_.raw()),
                                   .part_count = measures ? kernels::gradient_parts(segments) : 0,
                                   .table = static_cast<const Hyper*>(table_.raw()),
                                   .hypers = static_cast<int>(hypers_.size())};
  const auto state = static_cast<kernels::StepState*>(step_state_.raw());
  on_device(parameters_->values().device(), [&](auto where) {
    if (measures) kernels::gradient_statistics(where, buffers.g, segments, static_cast<kernels::GradientPart*>(parts_.raw()));
    with_update([&]<class Update>(Update one) {
      const auto coefficients = static_cast<typename Update::Coefficients*>(coefficients_.raw());
      kernels::begin_step(where, one, inputs, state, coefficients);
      kernels::update(where, one, buffers, segments, coefficients, state);
    });
  });
}

void Optimizer::clear_state() {
  first_.fill_zero();
  if (second_.defined()) second_.fill_zero();
  step_state_.slice(1, {step_state_.numel() - 1}).fill_zero();
}

std::vector<std::pair<std::string, Tensor>> Optimizer::state() const {
  if (is_sgd_) return {{"step_state", step_state_}, {"momentum", first_}};
  return {{"step_state", step_state_}, {"first_moment", first_}, {"second_moment", second_}};
}

Optimizer::Report Optimizer::report() const {
  std::array<float, sizeof(kernels::StepState) / sizeof(float)> words;
  std::ranges::copy(step_state_.to_vector<float>(), words.begin());
  const auto s = std::bit_cast<kernels::StepState>(words);
  return {.steps = static_cast<int64_t>(s.step),
          .skipped_steps = static_cast<int64_t>(s.skipped_steps),
          .applied = s.apply != 0,
          .gradient_norm = s.gradient_norm,
          .loss_scale = s.loss_scale};
}

}  // namespace cudenza
