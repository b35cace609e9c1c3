/// What the networks have in common: a body that turns pictures into feature maps and a head that turns those into logits.
/// Names of parts and values of parameters are those of torchvision's and timm's files.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/optim/parameter_groups.h"
#include "models/head.h"

namespace cudenza {

enum class HeadKind {
  original,  ///< the network's own classifier, its last layer for `classes` classes
  fastai,    ///< pools and two linear layers as fastai's create_head makes them (models/head.h)
};

struct NetworkOptions {
  int classes = 1000;
  int in_channels = 3;  ///< weights made for three serve one channel too: read_state() sums them
  HeadKind head = HeadKind::original;
  double dropout = 0.5;                                                ///< AlexNet's, VGG16's, and the fastai head's last
  double drop_path = 0;                                                ///< stochastic depth at the last block (ResNet-RS alone)
  std::shared_ptr<Generator> random = std::make_shared<Generator>(0);  ///< what dropout and stochastic depth draw from
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

  /// What begins the names of the parameters that a new task brings along, and weights made for another lack: "fc.",
  /// "classifier.6." (the last layer of AlexNet's and VGG16's classifiers; those below come with the body), "head.".
  const std::string& head_prefix() const { return head_prefix_; }
  /// Parameters in the groups that fine-tuning gives rates of their own, from the input to the head, which is the last:
  ///   AlexNet features[:6] | the rest | head     ResNet stem, layers 1 and 2 | layers 3 and 4 | head     others body | head
  std::vector<ParameterGroup> parameter_groups();

 protected:
  /// The last thing a network's constructor does: its classifier of type M under `name`, whose new layer is `last_layer`
  /// ("" where M is that layer), or fastai's head for maps of so many channels.
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
