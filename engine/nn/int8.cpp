#include "engine/nn/int8.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/autograd/node.h"
#include "engine/core/error.h"
#include "engine/core/storage.h"

namespace cudenza {
namespace {

thread_local Calibration* calibrating = nullptr;

constexpr int kLevels = 255, kSignedLevels = 127, kMiddle = 128;

Int8Weights in_bytes(const FoldedConv& folded) {
  const Shape& shape = folded.w.shape();
  Int8Weights weights{Tensor::empty(shape, DType::u8), Tensor::empty({shape[0]}, DType::f32),
                      folded.bias.defined() ? folded.bias.clone() : Tensor::zeros({shape[0]}, DType::f32)};
  quantize_filters(folded.w.data<float>(), shape[0], shape.numel() / shape[0], static_cast<int8_t*>(weights.bytes.raw()),
                   weights.scale.data<float>());
  return weights;
}

void check_weights(const std::string& name, const Int8Layer& layer, const Int8Weights& weights) {
  const auto check = [&](std::string_view what, const Tensor& given, DType dtype, const Shape& shape) {
    require(given.defined() && given.dtype() == dtype && given.shape() == shape, "int8: the {} of '{}' are {}, but must be {} {}",
            what, name, given.defined() ? fmt::format("{} {}", given.dtype(), given.shape()) : "missing", dtype, shape);
  };
  const Shape& shape = layer.float_weight().shape();
  check("weights", weights.bytes, DType::u8, shape);
  check("scales", weights.scale, DType::f32, {shape[0]});
  check("biases", weights.bias, DType::f32, {shape[0]});
}

}  // namespace

bool is_sensible_scale(float scale) {
  constexpr float kLeast = 1e-12F, kMost = 1e6F;
  return scale >= kLeast && scale <= kMost;  // NaN is neither
}

void Int8Layer::drop_replaced_weight() const {
  if (plan_ && plan_->x_scale > 0) float_weight().drop_elements();
}

std::shared_ptr<const Int8Conv> Int8Layer::packed_bytes(const ConvShape& s) const {
  const Int8Weights& w = int8()->weights;
  auto packed =
      std::make_shared<const Int8Conv>(s, static_cast<const int8_t*>(w.bytes.raw()), w.scale.data<float>(), w.bias.data<float>());
  if (drops_weights()) {
    float_weight().drop_elements(), w.bytes.drop_elements();
    trim_cpu_pool_after(w.bytes.bytes());
  }
  return packed;
}

void set_int8(Module& network, const Int8Plans& plans) {
  std::set<std::string> known;
  network.visit([&](const std::string& name, Module& part) {
    auto* const layer = dynamic_cast<Int8Layer*>(&part);
    if (!layer) return;
    const auto plan = plans.find(name);
    if (plan != plans.end() && plan->second.x_scale > 0) check_weights(name, *layer, plan->second.weights);
    layer->set_int8(plan == plans.end() ? std::nullopt : std::optional(plan->second));
    known.insert(name);
  });
  for (const auto& [name, plan] : plans)
    require(known.contains(name), "int8: there is a plan for '{}', but the network has no such layer", name);
}

void drop_replaced_weights(Module& network) {
  network.visit([](const std::string&, Module& part) {
    if (const auto* const layer = dynamic_cast<const Int8Layer*>(&part)) layer->drop_replaced_weight();
  });
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
  Seen& seen = seen_.try_emplace(pass.layer, Seen{.bn = pass.bn, .x = {}, .y = {}, .order = seen_.size()}).first->second;
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
    const auto scale = [](const Histogram& of, int levels) {
      const float best = of.best_end(levels) / static_cast<float>(levels);
      return is_sensible_scale(best) ? best : 0;
    };
    Int8Plan plan;
    if (seen.order > 0 && seen.in_bytes && seen.x.least() >= 0) plan.x_scale = scale(seen.x, kLevels);
    if (plan.x_scale > 0) plan.weights = in_bytes(layer->folded_weights(seen.bn));
    if (seen.in_bytes && seen.relu) plan.y.scale = scale(seen.y, kLevels);
    else if (seen.in_bytes && seen.is_residual) plan.y = {scale(seen.y, kSignedLevels), kMiddle};
    if (plan.x_scale > 0 || plan.y) plans[names.at(layer)] = plan;
  }
  return plans;
}

}  // namespace cudenza
