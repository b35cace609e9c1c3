#include "models/alexnet.h"

#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

constexpr int kMapSide = 6, kMapChannels = 256, kHidden = 4096;

std::unique_ptr<Sequential> body(int in_channels) {
  auto parts = std::make_unique<Sequential>();
  const auto conv = [&](const Conv2d::Options& options) {
    parts->add<Conv2d>(options);
    parts->add<Relu>({});
  };
  conv({.in = in_channels, .out = 64, .kernel = 11, .stride = 4, .pad = 2});
  parts->add<MaxPool2d>({.kernel = 3, .stride = 2});
  conv({.in = 64, .out = 192, .kernel = 5, .pad = 2});
  parts->add<MaxPool2d>({.kernel = 3, .stride = 2});
  conv({.in = 192, .out = 384, .kernel = 3, .pad = 1});
  conv({.in = 384, .out = 256, .kernel = 3, .pad = 1});
  conv({.in = 256, .out = 256, .kernel = 3, .pad = 1});
  parts->add<MaxPool2d>({.kernel = 3, .stride = 2});
  return parts;
}

std::unique_ptr<Sequential> classifier(const NetworkOptions& o) {
  auto parts = std::make_unique<Sequential>();
  parts->add<Dropout>({.p = 0.5, .random = o.random});
  parts->add<Linear>({.in = kMapSide * kMapSide * kMapChannels, .out = kHidden, .positions = kMapSide * kMapSide});
  parts->add<Relu>({});
  parts->add<Dropout>({.p = 0.5, .random = o.random});
  parts->add<Linear>({.in = kHidden, .out = kHidden});
  parts->add<Relu>({});
  parts->add<Linear>({.in = kHidden, .out = o.classes});
  return parts;
}

}  // namespace

AlexNet::AlexNet(const NetworkOptions& o) : features_(adopt("features", body(o.in_channels))) {
  if (o.head == HeadKind::original) classifier_ = &adopt("classifier", classifier(o));
  else head_ = &child<FastaiHead>("head", {.channels = kMapChannels, .classes = o.classes, .random = o.random});
}

Tensor AlexNet::features(const Tensor& x) { return features_(x); }

Tensor AlexNet::classify(const Tensor& maps) {
  if (head_) return (*head_)(maps);
  const Tensor pooled = adaptive_avg_pool2d(maps, kMapSide, kMapSide);
  return (*classifier_)(reshape(pooled, {pooled.size(0), kMapSide * kMapSide * kMapChannels}));
}

std::vector<std::vector<NamedTensor>> AlexNet::parameter_groups() const {
  return group_by_prefix(*this, {{"features.0.", "features.3."}, {"features."}, {"classifier.", "head."}});
}

}  // namespace cudenza
