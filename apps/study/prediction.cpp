#include "apps/study/prediction.h"

#include <algorithm>
#include <numeric>

#include "engine/core/name_table.h"

namespace cudenza {
namespace {
constexpr NameTable kAggregates("way to aggregate",
                                {std::pair{Aggregate::mean, "mean"}, {Aggregate::max, "max"}, {Aggregate::vote, "vote"}});
}  // namespace

std::vector<NamedProbability> Prediction::top(size_t count) const {
  std::vector<NamedProbability> best;
  for (const size_t c : ranked(probabilities)) {
    if (best.size() == count) break;
    best.push_back({(*classes)[c], probabilities[c]});
  }
  return best;
}

Aggregate aggregate_from_name(std::string_view name) { return kAggregates.value_of(name); }

std::vector<size_t> ranked(const std::vector<double>& probabilities) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  return order;
}

std::vector<double> aggregated(const std::vector<Prediction::Window>& windows, Aggregate how) {
  std::vector<double> all(windows.empty() ? 0 : windows.front().probabilities.size());
  for (const auto& window : windows) {
    if (how == Aggregate::vote) all[ranked(window.probabilities).front()] += 1;
    for (size_t c = 0; c < all.size(); ++c) {
      if (how == Aggregate::mean) all[c] += window.probabilities[c];
      if (how == Aggregate::max) all[c] = std::max(all[c], window.probabilities[c]);
    }
  }
  const double sum = std::accumulate(all.begin(), all.end(), 0.0);
  for (double& p : all) p /= sum;
  return all;
}

}  // namespace cudenza
