#include "engine/train/shared_norms.h"

#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

std::vector<BatchNorm2d*> batch_norms(Module& network) {
  std::vector<BatchNorm2d*> all;
  network.visit([&](const std::string&, Module& module) {
    if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) all.push_back(norm);
  });
  return all;
}

}  // namespace

void share_statistics(Module& network, Ranks* together) {
  for (BatchNorm2d* norm : batch_norms(network)) norm->state.together = together;
}

OwnStatistics::OwnStatistics(Module& network) {
  for (BatchNorm2d* norm : batch_norms(network)) before_.emplace_back(norm, std::exchange(norm->state.together, nullptr));
}

OwnStatistics::~OwnStatistics() {
  for (const auto& [norm, together] : before_) norm->state.together = together;
}

void average_running_statistics(Module& network, Ranks& ranks, double weight) {
  std::vector<Tensor> moved;
  int64_t count = 0;
  for (const BatchNorm2d* norm : batch_norms(network)) {
    if (!norm->uses_batch() || norm->state.together) continue;
    for (const Tensor& statistics : {norm->state.running_mean, norm->state.running_var}) {
      moved.push_back(statistics);
      count += statistics.numel();
    }
  }
  if (moved.empty()) return;
  const Tensor all = Tensor::empty({count}, moved.front().dtype(), moved.front().device());
  const auto each = [&](auto&& f) {
    int64_t at = 0;
    for (const Tensor& statistics : moved) f(statistics, all.slice(at, statistics.shape())), at += statistics.numel();
  };
  each([](const Tensor& statistics, const Tensor& place) { place.copy_from(statistics); });
  const Tensor weighted = scale(all, weight);
  ranks.sum(weighted);
  all.copy_from(weighted);
  each([](const Tensor& statistics, const Tensor& place) { statistics.copy_from(place); });
}

}  // namespace cudenza
