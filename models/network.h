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

  /// Pictures [N,H,W,in_channels] to logits [N,classes].
  Tensor forward(const Tensor& x) final { return classify(features(x)); }
  /// Pictures to the body's last feature maps [N,h,w,C].
  virtual Tensor features(const Tensor& x) = 0;
  /// Feature maps to logits.
  Tensor classify(const Tensor& maps) { return (*classifier_)(maps); }

  /// Prefix of the parameters that are new for a task and missing in weights made for another: "fc.", "classifier.6." (the last
  /// layer of AlexNet's and VGG16's classifiers; the layers below belong to the body), "head.".
  const std::string& head_prefix() const { return head_prefix_; }
  /// Parameter groups with separate learning rates in fine-tuning, from the input to the head, which is the last:
  ///   AlexNet features[:6] | the rest | head     ResNet stem, layers 1 and 2 | layers 3 and 4 | head     others body | head
  std::vector<ParameterGroup> parameter_groups();

 protected:
  /// Each network's constructor calls this last. Adds the classifier of type M as `name`, whose new layer is `last_layer` ("" if
  /// M is that layer), or fastai's head for feature maps of `channels` channels.
  template <class M>
  void finish(const std::string& name, const typename M::Options& original, const std::string& last_layer, int channels,
              const NetworkOptions& o) {
    if (o.head == HeadKind::original) {
      classifier_ = &child<M>(name, original);
      head_prefix_ = name + '.' + (last_layer.empty() ? "" : last_layer + '.');
    } else {
      classifier_ =
          &child<FastaiHead>("head", {.channels = channels, .classes = o.classes, .dropout = o.dropout, .random = o.random});
      head_prefix_ = "head.";
    }
  }
  /// The groups below the head.
  virtual std::vector<PrefixGroup> body_groups() const { return {{"body", {""}}}; }

 private:
  Module* classifier_ = nullptr;
  std::string head_prefix_;
};

}  // namespace cudenza
