/// The networks have the shape that their files have: METHOD's counts of parameters and of tensors.
#include "models/registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/autograd/node.h"

namespace cudenza::testing {
namespace {

struct Expected {
  std::string_view name;
  int64_t parameters;
  size_t tensors;  ///< in the state dict, without num_batches_tracked
  size_t batch_norms;
};

class NetworkOf : public ::testing::TestWithParam<Expected> {};

TEST_P(NetworkOf, HasTheCountsOfItsFile) {
  const auto [name, parameters, tensors, batch_norms] = GetParam();
  const auto network = make_network(name);
  EXPECT_EQ(network->parameter_count(), parameters);
  EXPECT_EQ(network->state_dict().size(), tensors);
  EXPECT_EQ(network->named_buffers().size(), 2 * batch_norms);
  std::set<std::string> names;
  for (const auto& t : network->state_dict()) EXPECT_TRUE(names.insert(t.name).second) << t.name << " stands twice";
}

INSTANTIATE_TEST_SUITE_P(All, NetworkOf,
                         ::testing::Values(Expected{"alexnet", 61100840, 16, 0}, Expected{"vgg16", 138357544, 32, 0},
                                           Expected{"vgg16_bn", 138365992, 84, 13}, Expected{"resnet34", 21797672, 182, 36},
                                           Expected{"resnet50", 25557032, 267, 53}, Expected{"resnetrs50", 35691912, 346, 56}),
                         [](const auto& p) { return std::string(p.param.name); });

TEST(Network, MapsPicturesToLogitsWithEitherHead) {
  for (const HeadKind head : {HeadKind::original, HeadKind::fastai}) {
    const auto random = std::make_shared<Generator>(1);
    const auto network = make_network("resnet34", {.classes = 10, .in_channels = 1, .head = head, .random = random});
    network->initialize(*random);
    NoGrad no_grad;
    const Tensor logits = (*network)(Tensor::full({2, 64, 64, 1}, 0.5, DType::f32));
    EXPECT_EQ(logits.shape(), (Shape{2, 10}));
    for (const float logit : logits.span<float>()) EXPECT_TRUE(std::isfinite(logit));
  }
}

TEST(Network, UnknownNameNamesTheChoices) {
  try {
    make_network("resnet51");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()),
              "there is no network 'resnet51'; choose alexnet, vgg16, vgg16_bn, resnet34, resnet50 or resnetrs50");
  }
}

}  // namespace
}  // namespace cudenza::testing
