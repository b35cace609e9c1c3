/// From scratch the networks begin as their libraries' do: the mean and standard deviation of every parameter.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/nn/init.h"
#include "models/registry.h"

namespace cudenza::testing {
namespace {

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments_of(const Tensor& t) {
  const auto values = t.span<float>();
  double sum = 0, squares = 0;
  for (const float v : values) sum += v, squares += static_cast<double>(v) * v;
  const double n = static_cast<double>(values.size()), mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean))};
}

/// Holds a drawn tensor to a mean and a deviation within five standard errors; a constant one exactly.
void expect_moments(const std::string& name, const Tensor& t, const Moments& expected) {
  const Moments found = moments_of(t);
  const double error = 5 * expected.deviation / std::sqrt(static_cast<double>(t.numel()));
  EXPECT_NEAR(found.mean, expected.mean, error + 1e-9) << name;
  if (t.numel() < 100) return;  // too few to tell a deviation
  EXPECT_NEAR(found.deviation, expected.deviation, error) << name;
}

/// PyTorch's own: U(-b, b), b = 1 / sqrt(fan_in).
Moments pytorch_default(int64_t fan_in) { return {0, 1 / std::sqrt(3.0 * static_cast<double>(fan_in))}; }
Moments kaiming(int64_t fan) { return {0, std::sqrt(2.0 / static_cast<double>(fan))}; }

/// Calls f(name, weight, bias, is_conv) for each convolution and linear layer.
template <class F> void for_layers(Network& network, F&& f) {
  network.visit([&](const std::string& name, const Module& part) {
    if (const auto* conv = dynamic_cast<const Conv2d*>(&part)) f(name, conv->weight, conv->bias, true);
    if (const auto* linear = dynamic_cast<const Linear*>(&part)) f(name, linear->weight, linear->bias, false);
  });
}

std::unique_ptr<Network> initialized(std::string_view name, HeadKind head = HeadKind::original) {
  auto network = make_network(name, {.classes = 100, .head = head});
  Generator random(17);
  network->initialize(random);
  return network;
}

TEST(Initialize, AlexNetAsPyTorchsLayers) {
  const auto network = initialized("alexnet");
  for_layers(*network, [](const std::string& name, const Tensor& weight, const Tensor& bias, bool) {
    expect_moments(name + ".weight", weight, pytorch_default(init::fan_in(weight)));
    expect_moments(name + ".bias", bias, pytorch_default(init::fan_in(weight)));
  });
}

TEST(Initialize, Vgg16KaimingAndSmallNormal) {
  const auto network = initialized("vgg16");
  for_layers(*network, [](const std::string& name, const Tensor& weight, const Tensor& bias, bool is_conv) {
    expect_moments(name + ".weight", weight, is_conv ? kaiming(init::fan_out(weight)) : Moments{0, 0.01});
    expect_moments(name + ".bias", bias, {0, 0});
  });
}

TEST(Initialize, ResNetsKaimingOverFanOut) {
  for (const char* name : {"resnet34", "resnetrs50"}) {
    const auto network = initialized(name);
    for_layers(*network, [](const std::string& part, const Tensor& weight, const Tensor& bias, bool is_conv) {
      expect_moments(part + ".weight", weight, is_conv ? kaiming(init::fan_out(weight)) : pytorch_default(init::fan_in(weight)));
      if (bias.defined()) expect_moments(part + ".bias", bias, pytorch_default(init::fan_in(weight)));
    });
  }
}

TEST(Initialize, BatchNormsAreTheIdentityButTheLastOfResNetRsBlocks) {
  for (const char* name : {"resnet34", "resnetrs50"}) {
    const bool rs = std::string_view(name) == "resnetrs50";
    for (const auto& [part, tensor, kind] : parameters_of(*initialized(name))) {
      if (kind != ParameterKind::norm) continue;
      const bool is_gamma = part.ends_with("weight"), is_last = rs && part.find("bn3") != std::string::npos;
      expect_moments(part, tensor, {is_gamma && !is_last ? 1.0 : 0.0, 0});
    }
  }
}

TEST(Initialize, FastaiHead) {
  const auto network = initialized("resnet34", HeadKind::fastai);
  for (const auto& [name, tensor, kind] : parameters_of(*network)) {
    if (!name.starts_with("head.")) continue;
    if (kind == ParameterKind::weight) expect_moments(name, tensor, kaiming(init::fan_in(tensor)));
    else expect_moments(name, tensor, {name.ends_with("weight") ? 1.0 : static_cast<double>(1e-3f), 0});
  }
}

TEST(Initialize, RepeatsWithTheSeed) {
  const auto a = initialized("resnet34"), b = initialized("resnet34");
  const auto first = a->state_dict(), second = b->state_dict();
  for (size_t i = 0; i < first.size(); ++i) {
    const auto x = first[i].tensor.span<float>(), y = second[i].tensor.span<float>();
    EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin())) << first[i].name;
  }
}

}  // namespace
}  // namespace cudenza::testing
