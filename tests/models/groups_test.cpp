/// The groups that fine-tuning gives rates of their own, and what part of a network a new task brings along.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "engine/autograd/node.h"
#include "engine/nn/checkpoint.h"
#include "models/registry.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

std::string group_of(const std::vector<ParameterGroup>& groups, const std::string& parameter) {
  std::string found;
  for (const ParameterGroup& group : groups) {
    for (const Parameter& p : group.parameters) {
      if (p.name == parameter) found += group.name;
    }
  }
  return found;
}

struct Split {
  std::string_view network;
  HeadKind head;
  std::string head_prefix;
  std::map<std::string, std::string> groups;  ///< of some parameters that lie beside a border
};

class GroupsOf : public ::testing::TestWithParam<Split> {};

TEST_P(GroupsOf, HoldEachParameterOnceAndEndWithTheHead) {
  const Split& expected = GetParam();
  const auto network = make_network(expected.network, {.classes = 10, .head = expected.head});
  EXPECT_EQ(network->head_prefix(), expected.head_prefix);
  const auto groups = network->parameter_groups();
  for (const auto& [parameter, group] : expected.groups) EXPECT_EQ(group_of(groups, parameter), group) << parameter;
  ASSERT_EQ(groups.back().name, "head");
  for (const Parameter& p : groups.back().parameters) EXPECT_TRUE(p.name.starts_with(expected.head_prefix)) << p.name;
  for (const auto& p : network->named_parameters()) {
    EXPECT_NE(group_of(groups, p.name), "") << p.name;
    EXPECT_EQ(p.name.starts_with(expected.head_prefix), group_of(groups, p.name) == "head") << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, GroupsOf,
    ::testing::Values(
        Split{"alexnet",
              HeadKind::original,
              "classifier.6.",
              {{"features.3.bias", "lower body"}, {"features.6.weight", "upper body"}, {"classifier.4.weight", "upper body"}}},
        Split{"alexnet", HeadKind::fastai, "head.", {{"features.3.weight", "lower body"}, {"head.bn1.weight", "head"}}},
        Split{"vgg16", HeadKind::original, "classifier.6.", {{"features.28.weight", "body"}, {"classifier.3.bias", "body"}}},
        Split{"vgg16_bn", HeadKind::fastai, "head.", {{"features.0.weight", "body"}, {"head.fc1.weight", "head"}}},
        Split{"resnet34",
              HeadKind::original,
              "fc.",
              {{"bn1.weight", "lower body"}, {"layer2.3.bn2.bias", "lower body"}, {"layer3.0.conv1.weight", "upper body"}}},
        Split{"resnet50", HeadKind::fastai, "head.", {{"conv1.weight", "lower body"}, {"layer4.2.bn3.bias", "upper body"}}},
        Split{"resnetrs50", HeadKind::original, "fc.", {{"conv1.0.weight", "body"}, {"layer4.2.se.fc2.bias", "body"}}}),
    [](const auto& p) { return std::string(p.param.network) + (p.param.head == HeadKind::fastai ? "_fastai" : ""); });

TEST(ParametersOf, TellsWeightsNormsAndBiasesApart) {
  const auto network = make_network("resnetrs50", {.classes = 10, .head = HeadKind::fastai});
  std::map<std::string, ParameterKind> kinds;
  for (const Parameter& p : parameters_of(*network)) kinds[p.name] = p.kind;
  EXPECT_EQ(kinds.size(), network->named_parameters().size());
  EXPECT_EQ(kinds.at("conv1.0.weight"), ParameterKind::weight);
  EXPECT_EQ(kinds.at("conv1.1.weight"), ParameterKind::norm);
  EXPECT_EQ(kinds.at("layer1.0.downsample.2.bias"), ParameterKind::norm);
  EXPECT_EQ(kinds.at("layer1.0.se.fc1.weight"), ParameterKind::weight);
  EXPECT_EQ(kinds.at("layer1.0.se.fc1.bias"), ParameterKind::bias);
  EXPECT_EQ(kinds.at("head.bn2.bias"), ParameterKind::norm);
  EXPECT_EQ(kinds.at("head.fc2.weight"), ParameterKind::weight);
}

TEST(Network, GroupsAreReadyForFlatParameters) {
  const auto network = make_network("resnet34", {.classes = 10});
  const int64_t count = network->parameter_count();
  FlatParameters flat(network->parameter_groups());
  EXPECT_EQ(flat.parameter_count(), count);
  EXPECT_EQ(flat.groups(), 3);
}

TEST(GroupByPrefix, NamesTheParameterThatBelongsNowhere) {
  const auto network = make_network("resnet34");
  EXPECT_THROW(group_by_prefix(*network, {{"body", {"layer"}}, {"head", {"fc."}}}), UsageError);
}

TEST(Network, OneChannelGivesTheLogitsOfThreeEqualOnes) {
  Generator random(3);
  const auto colours = make_network("resnet34", {.classes = 10}),
             grey = make_network("resnet34", {.classes = 10, .in_channels = 1});
  colours->initialize(random);
  const ScratchFolder folder;
  Hdf5File::create(folder.path() / "colours.h5", [&](Hdf5File& file) { write_state(file, *colours); });
  EXPECT_TRUE(read_state(Hdf5File(folder.path() / "colours.h5"), *grey).summed_channels);
  colours->train(false), grey->train(false);
  const Tensor one = make_inputs({{.shape = {2, 64, 64, 1}}}, DType::f32)[0], three = Tensor::empty({2, 64, 64, 3}, DType::f32);
  for (int64_t i = 0; i < three.numel(); ++i) three.span<float>()[i] = one.span<float>()[i / 3];
  NoGrad no_grad;
  EXPECT_TRUE(is_close((*grey)(one), (*colours)(three), {1e-5, 1e-4}));
}

}  // namespace
}  // namespace cudenza::testing
