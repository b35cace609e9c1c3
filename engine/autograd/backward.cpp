#include "engine/autograd/backward.h"

#include <unordered_map>
#include <utility>

#include "engine/autograd/leaf_sums.h"
#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
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

/// How many inputs of these nodes each leaf is.
std::unordered_map<Variable*, int> uses_of_leaves(const std::vector<Variable*>& nodes) {
  std::unordered_map<Variable*, int> uses;
  for (const Variable* variable : nodes) {
    for (const auto& input : variable->node->inputs) {
      if (input && !input->node) ++uses[input.get()];
    }
  }
  return uses;
}

/// The gradient of an op's result, from the users visited so far: first + second (if defined).
struct Terms {
  Tensor first, second;

  /// Never adds in place: others may share the elements. Keeps a second term for a node that adds it itself.
  void take(const Tensor& gradient, bool node_adds) {
    if (!first.defined()) first = gradient;
    else if (node_adds && !second.defined()) second = gradient;
    else first = sum_of(first, gradient);
  }
};

/// Adds one user's gradient to an op's result, for its own node to pass on later, or to a leaf's grad.
void deliver(const Tensor& gradient, Variable& to, std::unordered_map<Variable*, Terms>& pending, LeafSums& leaves) {
  if (to.node) {
    pending[&to].take(gradient, to.node->adds);
  } else if (to.grad.defined()) {
    leaves.add(to.grad, gradient);
  } else {
    to.grad = gradient.clone();
  }
}

thread_local LeafObserver* leaf_observer = nullptr;

}  // namespace

LeafObserver::LeafObserver(Complete complete) : complete_(std::move(complete)), before_(std::exchange(leaf_observer, this)) {}
LeafObserver::~LeafObserver() { leaf_observer = before_; }

void backward(const Tensor& y, const Tensor& dy) {
  require(y.variable() && y.variable()->node,
          "backward: nothing was recorded for this tensor: no input requires a gradient, recording was off, or backward() has "
          "already run");
  require(dy.shape() == y.shape() && dy.dtype() == y.dtype(), "backward: the gradient is {} {} but the tensor is {} {}",
          dy.dtype(), dy.shape(), y.dtype(), y.shape());
  NoGrad no_grad;
  std::unordered_map<Variable*, Terms> gradients{{y.variable().get(), {dy, {}}}};
  LeafSums leaves;
  const std::vector<Variable*> order = users_first(y.variable().get());
  auto uses = leaf_observer ? uses_of_leaves(order) : std::unordered_map<Variable*, int>();
  for (Variable* current : order) {
    Node& node = *current->node;
    require(node.backward != nullptr, "backward: the graph behind '{}' was already used; run the forward pass again", node.name);
    const Terms gradient = std::move(gradients[current]);
    gradients.erase(current);
    const auto input_gradients =
        gradient.first.defined() ? node.backward(gradient.first, gradient.second) : std::vector<Tensor>(node.inputs.size());
    node.backward = nullptr;  // frees what it captured before the backward pass continues
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      Variable* input = node.inputs[i].get();
      if (!input) continue;
      if (input_gradients.at(i).defined()) deliver(input_gradients[i], *input, gradients, leaves);
      const bool is_last = leaf_observer && !input->node && --uses[input] == 0;
      if (is_last && input->grad.defined()) leaf_observer->complete_(input->grad, leaves);
    }
  }
  leaves.finish();
}

}  // namespace cudenza
