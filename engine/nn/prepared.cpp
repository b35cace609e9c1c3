#include "engine/nn/prepared.h"

#include <algorithm>
#include <numeric>

#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"

namespace cudenza {

struct Prepared::Pass {
  explicit Pass(const Tensor& first) : shape(first.shape()), dtype(first.dtype()), device(first.device()) {}
  bool serves(const Tensor& other) const { return shape == other.shape() && dtype == other.dtype() && device == other.device(); }

  Shape shape;
  DType dtype;
  Device device;
  int runs = 0;  ///< the first makes what layers keep, so that a capture or a plan meets the pass alone
  MemoryPlan plan;
  Tensor x, y;  ///< of the graph
  std::unique_ptr<gpu::CapturedGraph> graph;
};

Prepared::Prepared(Module& network, Weights weights)
    : network_(network), was_training_(network.training()), restores_(!network.folded() && weights == Weights::kept) {
  if (!network.folded()) network_.fold(weights);
}

Prepared::~Prepared() {
  if (restores_) network_.train(was_training_);
}

Tensor Prepared::operator()(const Tensor& x) {
  const NoGrad no_grad;
  Pass& pass = pass_of(x);
  const int run = pass.runs++;
  if (x.device().is_cpu()) {
    if (run == 0) return network_(x);
    constexpr int kFirstServed = 2;  // by the plan's block: the pool's pieces serve nobody in a process that infers alone
    if (run == kFirstServed && network_.drops_weights()) trim_cpu_pool();
    return pass.plan.run([&] { return network_(x); });
  }
  if (run == 0) return (pass.y = network_(x)).clone();
  if (!pass.graph) {
    pass.x = Tensor::empty(x.shape(), x.dtype(), x.device());
    pass.graph = std::make_unique<gpu::CapturedGraph>(x.device().index(), [&] { pass.y.copy_from(network_(pass.x)); });
  }
  pass.x.copy_from(x);
  pass.graph->replay();
  return pass.y.clone();
}

Prepared::Pass& Prepared::pass_of(const Tensor& x) {
  constexpr size_t kPasses = 3;  // whole batches, the last one, and their augmented ones
  const auto known = std::ranges::find_if(passes_, [&](const Pass& pass) { return pass.serves(x); });
  if (known != passes_.end()) {
    passes_.splice(passes_.begin(), passes_, known);
  } else {
    if (passes_.size() == kPasses) passes_.pop_back();
    passes_.emplace_front(x);
  }
  return passes_.front();
}

size_t Prepared::planned_bytes() const {
  return std::accumulate(passes_.begin(), passes_.end(), size_t{0},
                         [](size_t sum, const Pass& pass) { return sum + pass.plan.bytes(); });
}

}  // namespace cudenza
