/// The walk back through the graph: every node once, after all its users, without recursion.
#include <algorithm>
#include <set>
#include <unordered_map>

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "kernels/accumulate/accumulate.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

Tensor sum_of(const Tensor& a, const Tensor& b) {
  const Tensor y = Tensor::empty(a.shape(), a.dtype(), a.device());
  dispatch_kernel("backward", a.device(), a.dtype(), [&]<class T>(auto where) {
    kernels::map2(where, kernels::Plus{}, a.data<T>(), b.data<T>(), y.data<T>(), a.numel());
  });
  return y;
}

void add_into(const Tensor& sum, const Tensor& term) {
  dispatch_kernel("backward", sum.device(), sum.dtype(), [&]<class T>(auto where) {
    kernels::map2(where, kernels::Plus{}, sum.data<T>(), term.data<T>(), sum.data<T>(), sum.numel());
  });
}

/// Nodes reachable from the root, each after all that use its result.
std::vector<Variable*> users_first(Variable* root) {
  struct Visit {
    Variable* variable;
    size_t next_input;
  };
  std::vector<Variable*> inputs_first;
  std::unordered_map<Variable*, bool> seen{{root, true}};
  std::vector<Visit> path{{root, 0}};
  while (!path.empty()) {
    Visit& here = path.back();
    const auto& inputs = here.variable->node->inputs;
    if (here.next_input == inputs.size()) {
      inputs_first.push_back(here.variable);
      path.pop_back();
      continue;
    }
    Variable* input = inputs[here.next_input++].get();
    if (input && input->node && seen.emplace(input, true).second) path.push_back({input, 0});
  }
  return {inputs_first.rbegin(), inputs_first.rend()};
}

/// The gradient of an op's result, as far as its users have been walked: first + second, if there is one.
struct Terms {
  Tensor first, second;

  /// Never adds in place: others may share the elements. A second term is kept for a node that adds by itself.
  void take(const Tensor& gradient, bool node_adds) {
    if (!first.defined()) first = gradient;
    else if (node_adds && !second.defined()) second = gradient;
    else first = sum_of(first, gradient);
  }
};

/// Gradients on their way into the grad of leaves. A network has hundreds of them, most small: on a GPU many are added by one
/// launch, on the CPU each while it is in the cache.
class LeafSums {
 public:
  /// sum += term, at the latest in finish(). `term` may be of a narrower type than an f32 `sum`.
  void add(const Tensor& sum, const Tensor& term) {
    if (sum.dtype() != accumulator_of(term.dtype())) return add_into(sum, term);
    if (std::ranges::any_of(waiting_, [&](const Waiting& w) { return w.sum.same_elements(sum); })) finish();
    waiting_.push_back({sum, term});
    bytes_ += term.bytes();
    if (sum.device().is_cpu() || waiting_.size() == kMost || bytes_ > kMostBytes) finish();
  }
  void finish() {
    if (waiting_.empty()) return;
    std::set<DType> types;
    for (const Waiting& w : waiting_) types.insert(w.term.dtype());
    for (const DType type : types) add_all(type);
    waiting_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr size_t kMost = 128;
  static constexpr size_t kMostBytes = size_t{64} << 20;  // what waits keeps its memory
  struct Waiting {
    Tensor sum, term;
  };
  /// Adds those that wait whose terms are of that type.
  void add_all(DType type) const {
    dispatch_kernel("backward", waiting_.front().term.device(), type, [&]<class T>(auto where) {
      std::vector<kernels::Addition<T>> additions;
      for (const Waiting& w : waiting_) {
        if (w.term.dtype() == type) additions.push_back({w.sum.data<acc_t<T>>(), w.term.data<T>(), w.term.numel()});
      }
      kernels::accumulate<T>(where, additions);
    });
  }
  std::vector<Waiting> waiting_;
  size_t bytes_ = 0;
};

/// Adds one user's gradient to an op's result (to be passed on when the walk gets there) or to a leaf's grad.
void deliver(const Tensor& gradient, Variable& to, std::unordered_map<Variable*, Terms>& pending, LeafSums& leaves) {
  if (to.node) {
    pending[&to].take(gradient, to.node->adds);
  } else if (to.grad.defined()) {
    leaves.add(to.grad, gradient);
  } else {
    to.grad = gradient.clone();
  }
}

}  // namespace

void Tensor::backward() const {
  require(numel() == 1, "backward: needs a one-element tensor (a loss) but got {}; pass the gradient of this tensor", shape());
  backward(full(shape(), 1.0, dtype(), device()));
}

void Tensor::backward(const Tensor& dy) const {
  require(variable() && variable()->node,
          "backward: nothing was recorded for this tensor: no input requires a gradient, recording was off, or backward() has "
          "already run");
  require(dy.shape() == shape() && dy.dtype() == dtype(), "backward: the gradient is {} {} but the tensor is {} {}", dy.dtype(),
          dy.shape(), dtype(), shape());
  NoGrad no_grad;
  std::unordered_map<Variable*, Terms> gradients{{variable().get(), {dy, {}}}};
  LeafSums leaves;
  for (Variable* current : users_first(variable().get())) {
    Node& node = *current->node;
    require(node.backward != nullptr, "backward: the graph behind '{}' was already used; run the forward pass again", node.name);
    const Terms gradient = std::move(gradients[current]);
    gradients.erase(current);
    const auto input_gradients =
        gradient.first.defined() ? node.backward(gradient.first, gradient.second) : std::vector<Tensor>(node.inputs.size());
    node.backward = nullptr;  // what it captured is freed now, while the walk goes on
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      Variable* input = node.inputs[i].get();
      if (input && input_gradients.at(i).defined()) deliver(input_gradients[i], *input, gradients, leaves);
    }
  }
  leaves.finish();
}

}  // namespace cudenza
