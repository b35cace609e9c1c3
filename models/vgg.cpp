#include "models/vgg.h"

#include "engine/nn/init.h"
#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

constexpr int kMapSide = 7, kMapChannels = 512, kHidden = 4096;
constexpr int kPool = 0;  // marks a 2x2 max pool among the widths of 3x3 convolutions
constexpr int kWidths[] = {64, 64, kPool, 128, 128, kPool, 256, 256, 256, kPool, 512, 512, 512, kPool, 512, 512, 512, kPool};

std::unique_ptr<Sequential> body(bool with_batch_norm, int in_channels) {
  auto parts = std::make_unique<Sequential>();
  int in = in_channels;
  for (const int width : kWidths) {
    if (width == kPool) {
      parts->add<MaxPool2d>({.kernel = 2, .stride = 2});
      continue;
    }
    parts->add<Conv2d>({.in = in, .out = width, .kernel = 3, .pad = 1});
    if (with_batch_norm) parts->add<BatchNorm2d>({.channels = width});
    parts->add<Relu>({});
    in = width;
  }
  return parts;
}

std::unique_ptr<Sequential> classifier(const NetworkOptions& o) {
  auto parts = std::make_unique<Sequential>();
  parts->add<Linear>({.in = kMapSide * kMapSide * kMapChannels, .out = kHidden, .positions = kMapSide * kMapSide});
  parts->add<Relu>({});
  parts->add<Dropout>({.p = 0.5, .random = o.random});
  parts->add<Linear>({.in = kHidden, .out = kHidden});
  parts->add<Relu>({});
  parts->add<Dropout>({.p = 0.5, .random = o.random});
  parts->add<Linear>({.in = kHidden, .out = o.classes});
  return parts;
}

}  // namespace

Vgg16::Vgg16(bool with_batch_norm, const NetworkOptions& o) : features_(adopt("features", body(with_batch_norm, o.in_channels))) {
  if (o.head == HeadKind::original) classifier_ = &adopt("classifier", classifier(o));
  else head_ = &child<FastaiHead>("head", {.channels = kMapChannels, .classes = o.classes, .random = o.random});
}

Tensor Vgg16::features(const Tensor& x) { return features_(x); }

Tensor Vgg16::classify(const Tensor& maps) {
  if (head_) return (*head_)(maps);
  const Tensor pooled = adaptive_avg_pool2d(maps, kMapSide, kMapSide);
  return (*classifier_)(reshape(pooled, {pooled.size(0), kMapSide * kMapSide * kMapChannels}));
}

std::vector<std::vector<NamedTensor>> Vgg16::parameter_groups() const {
  return group_by_prefix(*this, {{"features."}, {"classifier.", "head."}});
}

void Vgg16::reset(Generator& random) {
  const auto draw = [&](const std::string&, Module& part) {
    if (auto* conv = dynamic_cast<Conv2d*>(&part)) {
      init::kaiming_normal(conv->weight, init::fan_out(conv->weight), random);
      init::constant(conv->bias, 0);
    } else if (auto* linear = dynamic_cast<Linear*>(&part)) {
      init::normal(linear->weight, 0, 0.01, random);
      init::constant(linear->bias, 0);
    }
  };
  features_.visit(draw);
  if (classifier_) classifier_->visit(draw);
}

}  // namespace cudenza
