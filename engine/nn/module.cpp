#include "engine/nn/module.h"

namespace cudenza {

void Module::collect(const std::string& prefix, bool with_parameters, bool with_buffers, std::vector<NamedTensor>& out) const {
  const auto append = [&](const std::vector<NamedTensor>& own) {
    for (const NamedTensor& t : own) out.push_back({prefix + t.name, t.tensor});
  };
  if (with_parameters) append(parameters_);
  if (with_buffers) append(buffers_);
  for (const auto& [name, part] : children_) part->collect(prefix + name + '.', with_parameters, with_buffers, out);
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> out;
  collect("", true, false, out);
  return out;
}

std::vector<NamedTensor> Module::named_buffers() const {
  std::vector<NamedTensor> out;
  collect("", false, true, out);
  return out;
}

std::vector<NamedTensor> Module::state_dict() const {
  std::vector<NamedTensor> out;
  collect("", true, true, out);
  return out;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> out;
  for (const NamedTensor& p : named_parameters()) out.push_back(p.tensor);
  return out;
}

int64_t Module::parameter_count() const {
  int64_t count = 0;
  for (const Tensor& p : parameters()) count += p.numel();
  return count;
}

void Module::visit(const std::function<void(const std::string& name, Module&)>& visitor) {
  const std::function<void(const std::string&, Module&)> walk = [&](const std::string& name, Module& module) {
    visitor(name, module);
    for (auto& [child_name, part] : module.children_) walk(name.empty() ? child_name : name + '.' + child_name, *part);
  };
  walk("", *this);
}

void Module::initialize(Generator& random) {
  for (auto& [name, part] : children_) part->initialize(random);
  reset(random);
}

namespace {
thread_local const Module* innermost = nullptr;
}

Tensor Module::operator()(const Tensor& x) {
  struct Scope {
    const Module* outer;
    ~Scope() { innermost = outer; }
  } const scope{std::exchange(innermost, this)};
  return forward(x);
}

const Module* Module::running() { return innermost; }

void Module::set_mode(bool training, bool folded, bool drops_weights) {
  visit([=](const std::string&, Module& module) {
    module.training_ = training;
    module.folded_ = folded;
    module.drops_weights_ = drops_weights;
    module.forget();
  });
}

void Module::train(bool on) { set_mode(on, false, false); }
void Module::fold(Weights weights) { set_mode(false, true, weights == Weights::dropped); }

void Module::set_requires_grad(bool on) {
  for (const Tensor& p : parameters()) p.set_requires_grad(on);
}

void Module::to(Device device) {
  for (const NamedTensor& t : state_dict()) {
    if (t.tensor.device() != device) t.tensor.rebind(t.tensor.to(device));
  }
  visit([](const std::string&, Module& module) { module.forget(); });
}

std::vector<std::pair<std::string, Module*>> Module::children() const {
  std::vector<std::pair<std::string, Module*>> out;
  for (const auto& [name, part] : children_) out.emplace_back(name, part.get());
  return out;
}

Tensor Module::parameter(std::string name, const Tensor& initial) {
  initial.set_requires_grad(true);
  parameters_.push_back({std::move(name), initial});
  return initial;
}

Tensor Module::buffer(std::string name, const Tensor& initial) {
  buffers_.push_back({std::move(name), initial});
  return initial;
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const auto& [name, part] : children()) y = (*part)(y);
  return y;
}

}  // namespace cudenza
