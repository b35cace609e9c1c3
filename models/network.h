/// What the networks have in common: a body that turns pictures into feature maps and a head that turns those into logits.
/// Names of parts and values of parameters are those of torchvision's and timm's files.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/nn/layers.h"

namespace cudenza {

enum class HeadKind {
  original,  ///< the network's own classifier, its last layer for `classes` classes
  fastai,    ///< pools and two linear layers as fastai's create_head makes them (models/head.h)
};

struct NetworkOptions {
  int classes = 1000;
  int in_channels = 3;
  HeadKind head = HeadKind::original;
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
  virtual Tensor classify(const Tensor& maps) = 0;

  /// Parameters in the groups that fine-tuning gives rates of their own, from the input to the head, which is the last.
  virtual std::vector<std::vector<NamedTensor>> parameter_groups() const = 0;
};

/// Parts `named_parameters()` by the longest of the given prefixes that starts a name; `prefixes[g]` are group g's.
std::vector<std::vector<NamedTensor>> group_by_prefix(const Module&, const std::vector<std::vector<std::string>>& prefixes);

}  // namespace cudenza
