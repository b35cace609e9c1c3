/// Networks that have diverged, or hear what is no number, answer NaN: never logits that look like an opinion.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/nn/init.h"
#include "models/registry.h"

namespace cudenza::testing {
namespace {

constexpr int64_t kSide = 64;

/// fastai's head, since AlexNet's and VGG16's own would take half a gigabyte.
std::unique_ptr<Network> network_of(std::string_view name) {
  auto network = make_network(name, {.classes = 3, .in_channels = 3, .head = HeadKind::fastai});
  Generator random(7);
  network->initialize(random);
  return network;
}

bool all_nan(const Tensor& logits) {
  return std::ranges::all_of(logits.to_vector<float>(), [](float v) { return std::isnan(v); });
}

/// Logits in evaluation, plain and folded, and in training.
void expect_nan(Network& network, const Tensor& x, const std::string& what) {
  const NoGrad no_grad;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    SCOPED_TRACE(fmt::format("{} in {}", what, dtype));
    network.train(true);
    EXPECT_TRUE(all_nan(network(x.to(dtype)))) << "in training";
    network.train(false);
    EXPECT_TRUE(all_nan(network(x.to(dtype)))) << "in evaluation";
    network.fold();
    EXPECT_TRUE(all_nan(network(x.to(dtype)))) << "folded";
    network.train(false);
  }
}

class NanNetworks : public ::testing::TestWithParam<std::string_view> {};

TEST_P(NanNetworks, PicturesOfNanGiveNan) {
  const auto network = network_of(GetParam());
  expect_nan(*network, Tensor::full({2, kSide, kSide, 3}, NAN, DType::f32), "picture");
}

TEST_P(NanNetworks, WeightsOfNanGiveNan) {
  const auto network = network_of(GetParam());
  for (const NamedTensor& p : network->named_parameters()) p.tensor.copy_from(Tensor::full(p.tensor.shape(), NAN, DType::f32));
  expect_nan(*network, Tensor::full({2, kSide, kSide, 3}, 0.5, DType::f32), "weights");
}

INSTANTIATE_TEST_SUITE_P(All, NanNetworks, ::testing::ValuesIn(network_names()), [](const auto& name) {
  std::string text(name.param);
  std::ranges::replace(text, '-', '_');
  return text;
});

}  // namespace
}  // namespace cudenza::testing
