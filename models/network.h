/// Common base of the networks: a body that maps pictures to feature maps, and a head that maps those to logits. Names of modules
/// and values of parameters are those of torchvision's and timm's files.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/optim/parameter_groups.h"
#include "models/head.h"

namespace cudenza {

enum class HeadKind {
  original,  ///< the network's own classifier; its last layer has `classes` outputs
  fastai,    ///< pools and two linear layers, like fastai's create_head (models/head.h)
  pyramid,   ///< sees the maps of the last stages in bands of frequency: for transfer to pictures of sound (models/head.h)
};

/// A part of the body; between two stages maps mostly get smaller.
struct Stage {
  std::string name;                   ///< such as "layer2"
  std::vector<std::string> prefixes;  ///< of its parameters' names
  int channels = 0;                   ///< of its maps
};

struct NetworkOptions {
  int classes = 1000;
  int in_channels = 3;  ///< weights for three channels also serve one: read_state() sums them
  HeadKind head = HeadKind::original;
  double dropout = 0.5;  ///< AlexNet's, VGG16's, and the fastai head's last dropout
  double drop_path = 0;  ///< stochastic depth rate of the last block (only ResNet-RS)
  std::shared_ptr<Generator> random = std::make_shared<Generator>(0);  ///< random source of dropout and stochastic depth
};

class Network : public Module {
 public:
  using Options = NetworkOptions;

  /// Pictures [N,H,W,in_channels] to logits [N,classes]; after begin_at(), what forward_to() gave instead of pictures.
  Tensor forward(const Tensor& x) final { return classify(first_stage_ == head() ? x : head_input(first_stage_, x)); }
  /// Pictures to what the head sees: the last stage's maps [N,h,w,C], or for a pyramid [N,D] (models/head.h).
  Tensor features(const Tensor& x) { return forward_to(head(), x); }
  /// What features() gives to logits.
  Tensor classify(const Tensor& features) { return (*classifier_)(features); }

  /// The body, from the input to the last maps.
  const std::vector<Stage>& stages() const { return stages_; }
  /// Where the head begins, counted in stages.
  int head() const { return static_cast<int>(stages_.size()); }
  /// The last beginning that leaves out stages below `trained` only: head(), or a stage. A pyramid needs several stages' maps, so
  /// that it may lie before `trained`.
  int beginning(int trained) const;
  /// From now on forward() begins at stage `first`, a beginning(): the stages below it do not train, so that what they give is
  /// computed once and kept (engine/train/kept_input.h).
  void begin_at(int first);
  /// The head, if it is a pyramid; else null.
  PyramidHead* pyramid() { return pyramid_; }
  /// Pictures to what stage `end`, a beginning(), sees.
  Tensor forward_to(int end, const Tensor& x);

  /// Prefix of the parameters that are new for a task and missing in weights made for another: "fc.", "classifier.6." (the last
  /// layer of AlexNet's and VGG16's classifiers; the layers below belong to the body), "head.".
  const std::string& head_prefix() const { return head_prefix_; }
  /// Parameter groups with separate learning rates in fine-tuning, from the input to the head, which is the last:
  ///   AlexNet features[:6] | the rest | head     ResNet stem, layers 1 and 2 | layers 3 and 4 | head     others body | head
  std::vector<ParameterGroup> parameter_groups();
  /// The same with a group for each stage. Layers of the classifier below its last are in the last stage's group.
  std::vector<ParameterGroup> stage_groups();

 protected:
  /// Each network's constructor calls this last. Adds the classifier of type M as `name`, whose new layer is `last_layer` ("" if
  /// M is that layer), or another head for the maps of these stages.
  template <class M>
  void finish(const std::string& name, const typename M::Options& original, const std::string& last_layer,
              std::vector<Stage> stages, const NetworkOptions& o) {
    stages_ = std::move(stages);
    if (o.head == HeadKind::original) {
      classifier_ = &child<M>(name, original);
      head_prefix_ = name + '.' + (last_layer.empty() ? "" : last_layer + '.');
    } else {
      add_head(o);
    }
  }
  /// Maps after stage `index`, from those before it.
  virtual Tensor stage(int index, const Tensor& x) = 0;
  /// The groups below the head.
  virtual std::vector<PrefixGroup> body_groups() const { return {{"body", {""}}}; }

 private:
  void add_head(const NetworkOptions&);
  Tensor head_input(int first, const Tensor& x);

  std::vector<Stage> stages_;
  int first_stage_ = 0;
  Module* classifier_ = nullptr;
  PyramidHead* pyramid_ = nullptr;  // the classifier, if it is one
  std::string head_prefix_;
};

}  // namespace cudenza
