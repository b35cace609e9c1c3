/// Building blocks of networks: modules with named parameters, buffers and children.
///
///   struct Block : Module {
///     explicit Block(int width) : conv(child<Conv2d>("conv", {.in = width, .out = width, .kernel = 3, .pad = 1})) {}
///     Tensor forward(const Tensor& x) override { return relu(add(conv(x), x)); }
///     Conv2d& conv;
///   };
///
/// Making a parameter or a child registers it. Names are joined with dots ("layer1.0.conv1.weight"), as in PyTorch.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace cudenza {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// What becomes of a layer's weights when it keeps them in another form for inference.
enum class Weights : uint8_t { kept, dropped };

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;  // parts refer to each other
  Module& operator=(const Module&) = delete;

  virtual Tensor forward(const Tensor& x) = 0;
  Tensor operator()(const Tensor& x);
  /// The innermost module whose call this thread is running, or null.
  static const Module* running();

  /// Trainable tensors: this module's before its children's, in order of creation.
  std::vector<NamedTensor> named_parameters() const;
  /// State that is saved but not trained: running statistics.
  std::vector<NamedTensor> named_buffers() const;
  /// Parameters and buffers: the content of a checkpoint, under PyTorch's names.
  std::vector<NamedTensor> state_dict() const;
  std::vector<Tensor> parameters() const;
  int64_t parameter_count() const;

  /// Initialises all parameters: calls every module's reset(), children before parents, so that a network can override the
  /// defaults of its layers.
  void initialize(Generator&);
  /// Gives this module's own parameters and buffers their initial values.
  virtual void reset(Generator&) {}

  bool training() const { return training_; }
  /// Training or evaluation mode, for this module and all below it. Batch norm and dropout depend on it.
  void train(bool on = true);
  /// Evaluation mode for fixed weights. From the next forward pass on, layers keep what depends on weights alone: casts to
  /// the input's dtype, and convolutions with batch norms folded in. After loading or training, call fold() or train() again.
  /// With Weights::dropped a layer frees its weights when it has packed them: the network infers in one dtype from then on, and
  /// does nothing else.
  void fold(Weights = Weights::kept);
  bool folded() const { return folded_; }
  bool drops_weights() const { return drops_weights_; }
  /// `false` freezes the parameters: they record nothing and get no gradient.
  void set_requires_grad(bool on);
  /// Moves parameters and buffers. Call it before an optimizer moves them into flat buffers.
  void to(Device);

  std::vector<std::pair<std::string, Module*>> children() const;
  /// This module and all below it, parents first.
  void visit(const std::function<void(const std::string& name, Module&)>&);

 protected:
  /// Adds a child of type M under `name`.
  template <class M> M& child(std::string name, const typename M::Options& options) {
    return register_module(std::move(name), std::make_unique<M>(options));
  }
  template <class M> M& register_module(std::string name, std::unique_ptr<M> part) {
    M& reference = *part;
    children_.emplace_back(std::move(name), std::move(part));
    return reference;
  }
  /// Adds a trainable tensor under `name`. The caller chooses its values.
  Tensor parameter(std::string name, const Tensor& initial);
  Tensor buffer(std::string name, const Tensor& initial);
  /// Drops what was kept by fold().
  virtual void forget() {}

 private:
  void set_mode(bool training, bool folded, bool drops_weights);
  void collect(const std::string& prefix, bool with_parameters, bool with_buffers, std::vector<NamedTensor>& out) const;

  std::vector<NamedTensor> parameters_, buffers_;
  std::vector<std::pair<std::string, std::unique_ptr<Module>>> children_;
  bool training_ = true, folded_ = false, drops_weights_ = false;
};

/// Modules applied one after another, named 0, 1, 2, …
class Sequential : public Module {
 public:
  /// Appends a module.
  template <class M> M& add(const typename M::Options& options) {
    return register_module(std::to_string(children().size()), std::make_unique<M>(options));
  }
  Tensor forward(const Tensor& x) override;
};

}  // namespace cudenza
