#include "engine/nn/int8.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/autograd/node.h"
#include "engine/core/error.h"
#include "engine/libraries/int8_conv.h"

namespace cudenza {
namespace {

thread_local Calibration* calibrating = nullptr;

constexpr int kLevels = 255, kSignedLevels = 127, kMiddle = 128;

}  // namespace

void set_int8(Module& network, const Int8Plans& plans) {
  std::set<std::string> known;
  network.visit([&](const std::string& name, Module& part) {
    auto* const layer = dynamic_cast<Int8Layer*>(&part);
    if (!layer) return;
    const auto plan = plans.find(name);
    layer->set_int8(plan == plans.end() ? std::nullopt : std::optional(plan->second));
    known.insert(name);
  });
  for (const auto& [name, plan] : plans)
    require(known.contains(name), "int8: there is a plan for '{}', but the network has no such layer", name);
}

void Histogram::widen(float to) {
  if (range_ == 0) range_ = to;
  while (range_ < to) {  // two bins become one
    for (size_t i = 0; i < kBins / 2; ++i) counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
    std::fill(counts_.begin() + kBins / 2, counts_.end(), 0);
    range_ *= 2;
  }
}

void Histogram::add(std::span<const float> values) {
  float most = 0, least = least_;
  for (const float v : values) most = std::max(most, std::fabs(v)), least = std::min(least, v);
  require(std::isfinite(most), "calibration: an activation is infinite or NaN; are the weights sound?");
  least_ = least, most_ = std::max(most_, most);
  if (most == 0) return;
  widen(most);
  const float bins_of_one = static_cast<float>(kBins) / range_;
  for (const float v : values) {
    if (v != 0) ++counts_[std::min(static_cast<size_t>(std::fabs(v) * bins_of_one), kBins - 1)];
  }
}

float Histogram::best_end(int levels) const {
  constexpr int kCandidates = 100, kLeast = 20;  // from a fifth of the range on
  const double bin = static_cast<double>(range_) / kBins;
  double best = std::numeric_limits<double>::infinity(), end = 0;
  for (int candidate = kLeast; candidate <= kCandidates; ++candidate) {
    const double at = static_cast<double>(most_) * candidate / kCandidates, step = at / levels;
    double error = 0;
    for (size_t i = 0; i < kBins; ++i) {
      const double beyond = (static_cast<double>(i) + 0.5) * bin - at;
      error += static_cast<double>(counts_[i]) * (beyond > 0 ? beyond * beyond : step * step / 12);
    }
    if (error < best) best = error, end = at;
  }
  return static_cast<float>(end);
}

Calibration::Calibration(Module& network) : network_(network), was_training_(network.training()), was_folded_(network.folded()) {
  set_int8(network, {});
  network_.fold();
}

Calibration::~Calibration() {
  if (was_folded_) network_.fold();
  else network_.train(was_training_);
}

Calibration* Calibration::active() { return calibrating; }

void Calibration::see(const Tensor& x) {
  require(x.dtype() == DType::f32 && x.device().is_cpu(), "calibration: x is {} on {}, but must be f32 on a CPU", x.dtype(),
          x.device());
  struct Scope {
    ~Scope() { calibrating = nullptr; }
  } const scope;
  calibrating = this;
  const NoGrad no_grad;
  network_(x);
  recent_.clear();
}

void Calibration::note(const Pass& pass) {
  Seen& seen = seen_.try_emplace(pass.layer, Seen{.x = {}, .y = {}, .order = seen_.size()}).first->second;
  seen.x.add(pass.x.span<float>());
  seen.y.add(pass.y.span<float>());
  seen.relu = pass.relu;
  if (pass.x.shape().rank() == 4 && pass.x.size(1) * pass.x.size(2) == 1) seen.in_bytes = false;
  for (const auto& [layer, y] : recent_) {
    if (pass.residual && pass.residual->same_elements(y)) seen_.at(layer).is_residual = true;
  }
  constexpr size_t kRecent = 6;  // a block's shortcut is older than its last convolution by less
  if (recent_.size() == kRecent) recent_.erase(recent_.begin());
  if (!pass.relu) recent_.emplace_back(pass.layer, pass.y);
}

Int8Plans Calibration::plans() const {
  require(!seen_.empty(), "calibration: no layer has run; call see() first");
  std::map<const Module*, std::string> names;
  network_.visit([&](const std::string& name, Module& part) { names[&part] = name; });
  Int8Plans plans;
  for (const auto& [layer, seen] : seen_) {
    if (seen.order + 1 == seen_.size()) continue;  // the last
    Int8Plan plan;
    if (seen.order > 0 && seen.in_bytes && seen.x.least() >= 0) plan.x_scale = seen.x.best_end(kLevels) / kLevels;
    if (seen.in_bytes && seen.relu) plan.y.scale = seen.y.best_end(kLevels) / kLevels;
    else if (seen.in_bytes && seen.is_residual) plan.y = {seen.y.best_end(kSignedLevels) / kSignedLevels, kMiddle};
    if (plan != Int8Plan()) plans[names.at(layer)] = plan;
  }
  return plans;
}

}  // namespace cudenza
