#include "engine/train/lr_finder.h"

#include <algorithm>
#include <cmath>

#include "engine/train/batch_order.h"

namespace cudenza {
namespace {

/// A copy of everything that training changes, put back at the end.
class Restored {
 public:
  Restored(Module& network, Generator& random) : random_(random), random_state_(random.state()) {
    for (const NamedTensor& t : network.state_dict()) saved_.emplace_back(t.tensor, t.tensor.clone());
  }
  ~Restored() {
    for (const auto& [tensor, copy] : saved_) tensor.copy_from(copy);
    random_.restore(random_state_);
  }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  Generator& random_;
  Generator::State random_state_;
  std::vector<std::pair<Tensor, Tensor>> saved_;
};

}  // namespace

/// Finds the longest falling subsequence of losses and returns the point half-way through the middle third of its range.
/// Ignores the first tenth of the curve and its last five points.
std::optional<size_t> valley(std::span<const LrCurve::Point> all) {
  constexpr size_t kBlindEnd = 5;
  const size_t blind_start = all.size() / 10;
  if (all.size() < 20) return std::nullopt;
  const auto points = all.subspan(blind_start, all.size() - blind_start - kBlindEnd);
  std::vector<size_t> falls(points.size(), 1);  // length of the longest falling subsequence that ends here
  size_t end = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (points[i].loss < points[j].loss) falls[i] = std::max(falls[i], falls[j] + 1);
    }
    if (falls[i] > falls[end]) end = i;
  }
  const size_t begin = end > falls[end] ? end - falls[end] : 0;
  const double third = static_cast<double>(end - begin) / 3;
  return blind_start + begin + static_cast<size_t>(third) + static_cast<size_t>(third / 2);
}

LrCurve find_learning_rate(const Trainer::Parts& parts, const Recipe& recipe, const LrFinderSpec& spec,
                           const std::function<bool(int done)>& on_step) {
  const Restored restored(parts.network, *parts.random);
  FlatParameters parameters(parts.groups);
  Optimizer optimizer(parameters, method_of(recipe));
  const std::vector<Phase> phases = phases_of(recipe, parameters.groups());
  const Phase& phase = recipe.plan == Plan::transfer ? phases.front() : phases.back();
  parameters.freeze_to(phase.first_trained_group, phase.norms_frozen);
  if (parts.on_phase) parts.on_phase(phase, true);
  TrainStep step(parts.network, parts.input, optimizer, *parts.random, recipe, nullptr, *parts.ranks);
  const auto rows_in_all = static_cast<int64_t>(parts.rows.size());
  const int64_t batch_size = std::min<int64_t>(recipe.batch_size, rows_in_all),
                batches = batches_per_epoch(rows_in_all, batch_size);
  parts.network.train(true);
  const uint64_t seed = parts.random->state().seed;
  LrCurve curve;
  SmoothLoss smooth;
  double lowest = std::numeric_limits<double>::infinity();
  std::vector<int64_t> order;
  for (int i = 0; i < spec.steps; ++i) {
    const auto epoch = static_cast<uint32_t>(i / batches);
    if (i % batches == 0) order = shuffled(parts.rows, seed, epoch);
    const auto rows = std::span(order).subspan(static_cast<size_t>(i % batches * batch_size), static_cast<size_t>(batch_size));
    std::vector<int64_t> labels;
    for (const int64_t row : rows) labels.push_back(parts.labels.at(static_cast<size_t>(row)));
    const double lr = spec.first * std::pow(spec.last / spec.first, static_cast<double>(i) / spec.steps);
    optimizer.set_rates(phase.lrs, {.lr_factor = lr / recipe.lr, .momentum = {}});
    step.run({.rows = rows, .labels = labels, .epoch = epoch});
    smooth.add(step.loss().item());
    if (!std::isfinite(smooth.value())) break;
    curve.points.push_back({lr, smooth.value()});
    lowest = std::min(lowest, smooth.value());
    if (on_step && !on_step(i + 1)) break;
    if (smooth.value() > spec.stop_at * lowest) break;
  }
  curve.suggested = valley(curve.points);
  return curve;
}

}  // namespace cudenza
