/// Networks in stages: what is left out below gives the same as what runs through.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd/node.h"
#include "models/registry.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

struct Subject {
  std::string_view network;
  HeadKind head;
};

class StagesOf : public ::testing::TestWithParam<Subject> {
 protected:
  std::unique_ptr<Network> network() const {
    Generator random(3);
    auto network = make_network(GetParam().network, {.classes = 7, .head = GetParam().head});
    network->initialize(random);
    network->train(false);
    return network;
  }
};

TEST_P(StagesOf, BeginningFurtherUpGivesTheSameLogits) {
  const auto whole = network();
  const NoGrad no_grad;
  const Tensor x = make_inputs({{.shape = {2, 96, 64, 3}}}, DType::f32)[0], logits = (*whole)(x);
  ASSERT_EQ(whole->head(), 5);
  int beginnings = 0;
  for (int first = 1; first <= whole->head(); ++first) {
    if (whole->beginning(first) != first) continue;
    const Tensor kept = whole->forward_to(first, x);
    whole->begin_at(first);
    EXPECT_TRUE(is_same((*whole)(kept), logits)) << first;
    whole->begin_at(0);
    ++beginnings;
  }
  EXPECT_EQ(beginnings, GetParam().head == HeadKind::pyramid ? 3 : 5);
}

TEST_P(StagesOf, HaveTheirChannelsAndTheirGroups) {
  const auto whole = network();
  const NoGrad no_grad;
  const Tensor maps = make_inputs({{.shape = {1, 96, 64, 3}}}, DType::f32)[0];
  for (int end = 1; end < whole->head(); ++end) {
    if (whole->beginning(end) != end) continue;
    EXPECT_EQ(whole->forward_to(end, maps).size(-1), whole->stages()[static_cast<size_t>(end - 1)].channels) << end;
  }
  const auto groups = whole->stage_groups();
  ASSERT_EQ(groups.size(), 6u);
  EXPECT_EQ(groups.back().name, "head");
  size_t parameters = 0;
  for (const ParameterGroup& group : groups) {
    EXPECT_FALSE(group.parameters.empty()) << group.name;
    parameters += group.parameters.size();
  }
  EXPECT_EQ(parameters, whole->named_parameters().size());
}

INSTANTIATE_TEST_SUITE_P(All, StagesOf,
                         ::testing::Values(Subject{"alexnet", HeadKind::pyramid}, Subject{"vgg16", HeadKind::pyramid},
                                           Subject{"vgg16", HeadKind::original}, Subject{"vgg16_bn", HeadKind::fastai},
                                           Subject{"resnet34", HeadKind::pyramid}, Subject{"resnet50", HeadKind::fastai},
                                           Subject{"resnet50", HeadKind::pyramid}, Subject{"resnetrs50", HeadKind::pyramid}),
                         [](const auto& of) {
                           const HeadKind head = of.param.head;
                           const char* kind = head == HeadKind::original ? "original"
                                              : head == HeadKind::fastai ? "fastai"
                                                                         : "pyramid";
                           return std::string(of.param.network) + '_' + kind;
                         });

TEST(Pyramid, SeesBandsOfTheLogarithmAndWhichChannelsMoveTogether) {
  // Maps of 10 rows: each row is a band. One channel of value e^row - 1, another that is always 0.
  const Tensor low = Tensor::empty({1, 10, 3, 2}, DType::f32), high = Tensor::full({1, 10, 1, 1}, std::exp(7.0) - 1, DType::f32);
  for (int64_t row = 0; row < 10; ++row) {
    for (int64_t i = 0; i < 6; ++i)
      low.span<float>()[static_cast<size_t>(row * 6 + i)] = i % 2 == 0 ? std::exp(static_cast<float>(row)) - 1 : 0.0f;
  }
  const Tensor pooled = PyramidHead::pooled(std::vector{low, high});
  ASSERT_EQ(pooled.shape(), (Shape{1, 20 + 2 * 2 + 10 + 1}));
  for (int64_t row = 0; row < 10; ++row) {
    EXPECT_NEAR(pooled.span<float>()[static_cast<size_t>(2 * row)], static_cast<float>(row), 1e-5);
    EXPECT_EQ(pooled.span<float>()[static_cast<size_t>(2 * row + 1)], 0.0f);
    EXPECT_NEAR(pooled.span<float>()[static_cast<size_t>(24 + row)], 7.0f, 1e-5);
  }
  EXPECT_NEAR(pooled.span<float>()[20], std::sqrt(8.25), 1e-4);  // the variance of 0 … 9
  for (const size_t still : {21, 22, 23, 34}) EXPECT_NEAR(pooled.span<float>()[still], 0.0f, 1e-5);
}

TEST(Network, RefusesABeginningThatItsHeadCannotDoWithout) {
  const auto network = make_network("vgg16", {.classes = 3, .head = HeadKind::pyramid});
  EXPECT_EQ(network->beginning(4), 2);
  EXPECT_EQ(network->beginning(5), 5);
  EXPECT_THROW(network->begin_at(4), std::exception);
  EXPECT_THROW(network->begin_at(6), std::exception);
}

}  // namespace
}  // namespace cudenza::testing
