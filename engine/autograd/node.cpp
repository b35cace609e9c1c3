#include "engine/autograd/node.h"

#include <utility>

#include "engine/autograd/backward.h"

namespace cudenza {
namespace {
thread_local bool recording_now = true;
thread_local OpObserver* observer = nullptr;
}  // namespace

bool recording() { return recording_now; }
NoGrad::NoGrad() : before_(recording_now) { recording_now = false; }
NoGrad::~NoGrad() { recording_now = before_; }

OpObserver::OpObserver(Seen seen) : seen_(std::move(seen)), before_(std::exchange(observer, this)) {}
OpObserver::~OpObserver() { observer = before_; }

Variable::~Variable() {
  std::vector<std::shared_ptr<Node>> chain;
  if (node) chain.push_back(std::move(node));
  while (!chain.empty()) {
    const std::shared_ptr<Node> last = std::move(chain.back());
    chain.pop_back();
    if (last.use_count() > 1) continue;  // another owner still needs it
    for (auto& input : last->inputs) {
      if (input && input.use_count() == 1 && input->node) chain.push_back(std::move(input->node));
    }
  }
}

Tensor record_node(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, AddingBackward backward, bool adds) {
  if (!recording_now) return y;
  if (observer) observer->seen_(name, y, inputs);
  auto node = std::make_shared<Node>();
  bool any = false;
  for (const Tensor& input : inputs) {
    const bool tracks = input.defined() && input.tracks_grad();
    node->inputs.push_back(tracks ? input.variable() : nullptr);
    any |= tracks;
  }
  if (!any) return y;
  node->name = name;
  node->backward = std::move(backward);
  node->adds = adds;
  auto variable = std::make_shared<Variable>();
  variable->node = std::move(node);
  y.set_variable(std::move(variable));
  return y;
}

Tensor record(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, Backward backward) {
  auto of_one_term = [backward = std::move(backward)](const Tensor& dy, const Tensor&) { return backward(dy); };
  return record_node(name, std::move(y), inputs, std::move(of_one_term), false);
}

Tensor record_adding(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, AddingBackward backward) {
  return record_node(name, std::move(y), inputs, std::move(backward), true);
}

bool Tensor::requires_grad() const { return variable() && variable()->requires_grad; }

const Tensor& Tensor::set_requires_grad(bool on) const {
  require(is_floating(dtype()) || !on, "set_requires_grad: a {} tensor has no gradient; use a floating type", dtype());
  require(!variable() || !variable()->node,
          "set_requires_grad: only leaves can be frozen or freed; detach() the result of '{}' first",
          variable() && variable()->node ? variable()->node->name : "");
  if (!variable()) set_variable(std::make_shared<Variable>());
  variable()->requires_grad = on;
  return *this;
}

bool Tensor::tracks_grad() const { return recording_now && variable() && (variable()->requires_grad || variable()->node); }

Tensor Tensor::grad() const { return variable() ? variable()->grad : Tensor(); }

void Tensor::set_grad(const Tensor& place) const {
  require(!place.defined() || (place.shape() == shape() && place.dtype() == dtype() && place.device() == device()),
          "set_grad: the gradient of {} {} on {} has its shape, type and device", dtype(), shape(), device());
  if (!variable()) set_variable(std::make_shared<Variable>());
  variable()->grad = place;
}

Tensor Tensor::operator[](int64_t i) const {
  const int64_t rows = shape().rank() > 0 ? size(0) : 0;
  require(i >= -rows && i < rows, "index: there is no [{}] in {}", i, shape());
  const int64_t row = i < 0 ? i + rows : i, step = numel() / rows;
  const Shape inner(std::span(shape().begin() + 1, shape().end()));
  return record("index", slice(row * step, inner), {*this}, [shape = shape(), at = row * step, inner](const Tensor& dy) {
    const Tensor dx = zeros(shape, dy.dtype(), dy.device());
    dx.slice(at, inner).copy_from(dy);
    return std::vector{dx};
  });
}

void Tensor::backward() const {
  require(numel() == 1, "backward: needs a one-element tensor (a loss) but got {}; pass the gradient of this tensor", shape());
  backward(full(shape(), 1.0, dtype(), device()));
}

void Tensor::backward(const Tensor& dy) const { cudenza::backward(*this, dy); }

}  // namespace cudenza
