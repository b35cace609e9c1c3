#include "engine/train/update_batch_norm.h"

#include <algorithm>
#include <vector>

#include "engine/autograd/node.h"
#include "engine/nn/layers.h"
#include "engine/ops/pointwise.h"
#include "engine/train/shared_norms.h"

namespace cudenza {
namespace {

/// A batch norm and the sums of its running statistics over the batches.
struct Statistics {
  BatchNorm2d* norm;
  Tensor mean_sum, var_sum;
};

/// Those that train: a frozen one keeps its statistics, and the input may come from behind it.
std::vector<Statistics> statistics_of(Module& network) {
  std::vector<Statistics> all;
  network.visit([&](const std::string&, Module& module) {
    auto* norm = dynamic_cast<BatchNorm2d*>(&module);
    if (!norm || !norm->state.gamma.requires_grad()) return;
    const Tensor& like = norm->state.running_mean;
    all.push_back({norm, Tensor::zeros(like.shape(), like.dtype(), like.device()), {}});
    all.back().var_sum = all.back().mean_sum.clone();
  });
  return all;
}

/// Starting from zero, one batch sets the running statistics to momentum times the batch's.
void forget(const Statistics& s) {
  s.norm->state.running_mean.fill_zero();
  s.norm->state.running_var.fill_zero();
}

}  // namespace

void update_batch_norm(Module& network, Input& input, std::span<const int64_t> rows, int64_t batch_size) {
  Ranks alone;
  update_batch_norm(network, input, rows, batch_size, alone);
}

void update_batch_norm(Module& network, Input& input, std::span<const int64_t> rows, int64_t batch_size, Ranks& ranks) {
  std::vector<Statistics> all = statistics_of(network);
  network.train(false);
  if (all.empty() || rows.empty()) return;
  const NoGrad no_grad;
  const OwnStatistics own(network);  // batch by batch: another rank is at another one
  for (const Statistics& s : all) s.norm->train(true);
  const auto size = static_cast<size_t>(batch_size), batches = std::max<size_t>(rows.size() / size, 1);
  const Share share = ranks.share(static_cast<int64_t>(batches));
  for (auto batch = static_cast<size_t>(share.begin); batch < static_cast<size_t>(share.begin + share.count); ++batch) {
    std::ranges::for_each(all, forget);
    network(input.plain(rows.subspan(batch * size, std::min(size, rows.size()))));
    for (Statistics& s : all) {
      s.mean_sum = add(s.mean_sum, s.norm->state.running_mean);
      s.var_sum = add(s.var_sum, s.norm->state.running_var);
    }
  }
  for (const Statistics& s : all) {
    ranks.sum(s.mean_sum), ranks.sum(s.var_sum);
    const double factor = 1 / (s.norm->state.momentum * static_cast<double>(batches));
    s.norm->state.running_mean.copy_from(scale(s.mean_sum, factor));
    s.norm->state.running_var.copy_from(scale(s.var_sum, factor));
  }
  network.train(false);
}

}  // namespace cudenza
