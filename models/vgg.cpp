#include "models/vgg.h"

#include "engine/nn/init.h"
#include "models/conv_stages.h"

namespace cudenza {
namespace {

constexpr int kMapSide = 7, kMapChannels = 512, kHidden = 4096;
constexpr int kPool = 0;  // marks a 2x2 max pool among the widths of 3x3 convolutions
constexpr int kWidths[] = {64, 64, kPool, 128, 128, kPool, 256, 256, 256, kPool, 512, 512, 512, kPool, 512, 512, 512, kPool};

std::unique_ptr<ConvSequential> body(bool with_batch_norm, int in_channels) {
  auto parts = std::make_unique<ConvSequential>();
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

}  // namespace

class Vgg16::Classifier : public PooledSequential {
 public:
  using Options = NetworkOptions;
  explicit Classifier(const Options& o) : PooledSequential(kMapSide) {
    add<Linear>({.in = kMapSide * kMapSide * kMapChannels, .out = kHidden, .positions = kMapSide * kMapSide});
    add<Relu>({});
    add<Dropout>({.p = o.dropout, .random = o.random});
    add<Linear>({.in = kHidden, .out = kHidden});
    add<Relu>({});
    add<Dropout>({.p = o.dropout, .random = o.random});
    add<Linear>({.in = kHidden, .out = o.classes});
  }
  void reset(Generator& random) override {
    visit([&](const std::string&, Module& part) {
      const auto* linear = dynamic_cast<const Linear*>(&part);
      if (!linear) return;
      init::normal(linear->weight, 0, 0.01, random);
      init::constant(linear->bias, 0);
    });
  }
};

Vgg16::Vgg16(bool with_batch_norm, const NetworkOptions& o)
    : features_(register_module("features", body(with_batch_norm, o.in_channels))) {
  for (const auto& [number, part] : features_.children()) {
    if (dynamic_cast<const MaxPool2d*>(part)) ends_.push_back(std::stoul(number) + 1);
  }
  finish<Classifier>("classifier", o, "6", stages_of(features_, "features", ends_), o);
}

Tensor Vgg16::stage(int index, const Tensor& x) { return run_stage(features_, ends_, index, x); }

void Vgg16::reset(Generator& random) {
  visit([&](const std::string&, Module& part) {
    const auto* conv = dynamic_cast<const Conv2d*>(&part);
    if (!conv) return;
    init::kaiming_normal(conv->weight, init::fan_out(conv->weight), random);
    init::constant(conv->bias, 0);
  });
}

}  // namespace cudenza
