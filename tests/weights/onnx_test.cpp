/// The fixtures of make_graph_weight_fixtures.py, which the onnx package wrote.
#include "weights/onnx.h"

#include <gtest/gtest.h>

#include "tests/support/memory_file.h"
#include "tests/support/messages.h"
#include "tests/support/source_tree.h"
#include "tests/weights/hostile_files.h"
#include "tests/weights/record_values.h"
#include "weights/weight_source.h"

namespace cudenza::testing {
namespace {

using Kind = SourceLayer::Kind;

TEST(Onnx, KeepsTheNamesOfPyTorch) {
  const WeightSource source(fixture("weights/torch.onnx"));
  EXPECT_EQ(source.container(), WeightContainer::onnx);
  EXPECT_EQ(source.facts().license, "CC BY 4.0");
  EXPECT_EQ(source.facts().origin, "a fixture; written by fixtures 1");
  const StateDict& dict = source.state_dicts().front();
  std::vector<std::string> names;
  for (const TensorRecord& record : dict.tensors) {
    names.push_back(record.name);
    const std::string stored = record.name == "bn.running_var" ? "bn.weight" : record.name;  // an Identity of it
    EXPECT_EQ(values_of(source, record), fixture_values(stored, record.numel())) << record.name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"conv.weight", "conv.bias", "bn.weight", "bn.bias", "bn.running_mean", "fc.weight",
                                             "fc.bias", "bn.running_var"}));
  ASSERT_EQ(dict.layers.size(), 2u);
  const SourceLayer& conv = dict.layers[0];
  EXPECT_EQ(conv.kind, Kind::conv);
  EXPECT_EQ(conv.name, "first");
  EXPECT_EQ(conv.depth, 1);
  EXPECT_EQ(conv.stride, 2);
  ASSERT_TRUE(conv.norm && conv.bias);
  EXPECT_EQ(conv.norm->mean.name, "bn.running_mean");
  EXPECT_NEAR(conv.norm->epsilon, 1e-3, 1e-9);  // a float in the file
  EXPECT_EQ(dict.layers[1].kind, Kind::dense);
  EXPECT_EQ(dict.layers[1].depth, 2);
  EXPECT_EQ(dict.layers[1].weight.shape(), (std::vector<int64_t>{5, 4}));
}

TEST(Onnx, TellsLayersByTheGraph) {
  const WeightSource source(fixture("weights/tf.onnx"));
  const StateDict& dict = source.state_dicts().front();
  ASSERT_EQ(dict.layers.size(), 5u);
  std::vector<int> depths;
  for (const SourceLayer& layer : dict.layers) depths.push_back(layer.depth);
  EXPECT_EQ(depths, (std::vector<int>{1, 2, 2, 3, 4}));  // first, shortcut, inner, outer, dense
  ASSERT_TRUE(dict.layers[0].bias && dict.layers[4].bias);
  EXPECT_EQ(dict.layers[0].bias->shape(), (std::vector<int64_t>{4}));
  EXPECT_EQ(values_of(source, *dict.layers[0].bias), fixture_values("net/c1/bias", 4));
  EXPECT_FALSE(dict.layers[1].bias);
  // Dense: [128,5] in the file, 64 positions of 2 channels; ours is [5, 2 · 64].
  const SourceLayer& dense = dict.layers[4];
  EXPECT_EQ(dense.weight.shape(), (std::vector<int64_t>{5, 128}));
  const std::vector<float> ours = values_of(source, dense.weight), stored = fixture_values("dense/kernel", 128 * 5);
  for (size_t out = 0; out < 5; ++out) {
    for (size_t channel = 0; channel < 2; ++channel) {
      for (size_t position = 0; position < 64; ++position)
        ASSERT_EQ(ours[out * 128 + channel * 64 + position], stored[(position * 2 + channel) * 5 + out]);
    }
  }
}

TEST(Onnx, ReadsEveryTypeAsBytesAndAsLists) {
  const WeightSource source(fixture("weights/types.onnx"));
  const StateDict& dict = source.state_dicts().front();
  ASSERT_EQ(dict.tensors.size(), 8u);
  const DType types[] = {DType::f32, DType::f16, DType::bf16, DType::f64};
  for (size_t i = 0; i < 8; ++i) {
    const TensorRecord& record = dict.tensors[i];
    EXPECT_EQ(record.dtype, types[i / 2]);
    const std::vector<float> expected = fixture_values(record.name, 15);
    for (const size_t piece : {1, 4, 15}) EXPECT_EQ(values_of(source, record, piece), expected) << record.name;
  }
  // Read backwards, as no conversion does: the varints begin anew.
  TensorReader late(source.file(), dict.tensors[2]), early(source.file(), dict.tensors[2]);
  std::vector<float> all(15), first(1);
  late.read(all);
  early.read(first);
  EXPECT_EQ(first[0], fixture_values("half_list", 1)[0]);
}

TEST(Onnx, KnowsThePyTorchModuleOfALayerByItsWeightOrItsNode) {
  using namespace wire;
  const auto conv = [](const std::string& name, const std::string& weight) {
    return node("Conv", {"x", weight}, {weight + "_y"}, bytes(3, name)) +
           tensor(weight, {1, 1, 1, 1}, 1, 9, std::string(4, '\0'));
  };
  MemoryFile file;
  file.set(model(conv("node_Conv_18", "features.3.weight") + conv("/features/features.3/Conv", "onnx::Conv_26") +
                 conv("/conv1/Conv", "onnx::Conv_1") + conv("Conv_0", "123")));
  const WeightSource source(file.path());
  std::vector<std::string> names;
  for (const SourceLayer& layer : source.state_dicts().front().layers) {
    names.push_back(layer.torch_name);
    EXPECT_EQ(layer.may_be_folded, layer.torch_name.empty());
  }
  EXPECT_EQ(names, (std::vector<std::string>{"features.3", "features.3", "conv1", ""}));
}

TEST(Onnx, SaysWhyALayerHasNoWeights) {
  using namespace wire;
  const std::string tensors = tensor("q", {4, 3, 3, 3}, 3, 9, std::string(108, '\0'));  // int8
  const std::string graph = node("DequantizeLinear", {"q", "s"}, {"d"}) + node("Conv", {"x", "d"}, {"y"}) +
                            node("Conv", {"y", "q"}, {"z"}) + node("Conv", {"z", "w"}, {"e"}) + tensors +
                            tensor("w", {2, 2}, 1, 9, std::string(16, '\0'));
  MemoryFile file;
  file.set(model(graph));
  const WeightSource source(file.path());
  const std::vector<SourceLayer>& layers = source.state_dicts().front().layers;
  ASSERT_EQ(layers.size(), 3u);
  expect_says(layers[0].fault, "the weights of y are not in the file but computed from others");
  expect_says(layers[1].fault, "q is of ONNX's type 3, which is not read as weights");
  expect_says(layers[2].fault, "the weights of e have 2 axes");
}

}  // namespace
}  // namespace cudenza::testing
