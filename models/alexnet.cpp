#include "models/alexnet.h"

#include "models/conv_stages.h"

namespace cudenza {
namespace {

constexpr int kMapSide = 6, kMapChannels = 256, kHidden = 4096;
const std::vector<size_t> kEnds = {3, 6, 8, 10, 13};  // of the stages in body(): a convolution, with its pool if it has one

std::unique_ptr<ConvSequential> body(int in_channels) {
  auto parts = std::make_unique<ConvSequential>();
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

}  // namespace

class AlexNet::Classifier : public PooledSequential {
 public:
  using Options = NetworkOptions;
  explicit Classifier(const Options& o) : PooledSequential(kMapSide) {
    add<Dropout>({.p = o.dropout, .random = o.random});
    add<Linear>({.in = kMapSide * kMapSide * kMapChannels, .out = kHidden, .positions = kMapSide * kMapSide});
    add<Relu>({});
    add<Dropout>({.p = o.dropout, .random = o.random});
    add<Linear>({.in = kHidden, .out = kHidden});
    add<Relu>({});
    add<Linear>({.in = kHidden, .out = o.classes});
  }
};

AlexNet::AlexNet(const NetworkOptions& o) : features_(register_module("features", body(o.in_channels))) {
  finish<Classifier>("classifier", o, "6", stages_of(features_, "features", kEnds), o);
}

Tensor AlexNet::stage(int index, const Tensor& x) { return run_stage(features_, kEnds, index, x); }

std::vector<PrefixGroup> AlexNet::body_groups() const {
  return {{"lower body", {"features.0.", "features.3."}}, {"upper body", {"features.", "classifier."}}};
}

}  // namespace cudenza
