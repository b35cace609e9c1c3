/// Networks taken apart into layers without names, and put together again.
#include "weights/layer_match.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "models/registry.h"
#include "tests/support/messages.h"

namespace cudenza::testing {
namespace {

using Kind = SourceLayer::Kind;

/// A tensor that remembers by its position in a file what it was: it is never read.
TensorRecord record(const ExpectedTensor& e, uint64_t number) {
  return {.name = "?", .sizes = {e.shape.begin(), e.shape.end()}, .begin = number};
}

/// A network's layers in its own order, as deep as they are.
std::vector<SourceLayer> layers_of(const std::string& arch) {
  std::vector<SourceLayer> layers;
  std::string block;
  int deepest = 0, begin = 0;
  uint64_t number = 0;
  for (const ExpectedTensor& e : expected_tensors(arch)) {
    const TensorRecord tensor = record(e, number++);
    const std::string part = e.name.substr(e.name.rfind('.') + 1);
    if (part == "weight" && e.shape.rank() > 1) {
      const std::string own = e.name.starts_with("layer") ? e.name.substr(0, std::string_view("layer1.0").size()) : "";
      if (own != block) block = own, begin = deepest;
      const bool is_shortcut = e.name.find("downsample") != std::string::npos;
      layers.push_back({.kind = e.shape.rank() == 4 ? Kind::conv : Kind::dense, .name = "?", .weight = tensor});
      layers.back().depth = is_shortcut ? begin + 1 : ++deepest;
    } else if (part == "weight") {
      layers.back().norm = SourceNorm{tensor, {}, {}, {}, 1e-5};
    } else if (part == "bias") {
      if (layers.back().norm) layers.back().norm->bias = tensor;
      else layers.back().bias = tensor;
    } else if (part == "running_mean") {
      layers.back().norm->mean = tensor;
    } else {
      layers.back().norm->variance = tensor;
    }
  }
  return layers;
}

NamedLayers named(const std::vector<SourceLayer>& layers, const std::string& arch) {
  return name_layers(layers, arch, expected_tensors(arch));
}

void expect_each_in_its_place(const std::vector<SourceLayer>& layers, const std::string& arch) {
  SCOPED_TRACE(arch);
  const NamedLayers result = named(layers, arch);
  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.note, "");
  const auto expected = expected_tensors(arch);
  std::map<std::string, uint64_t> places;
  for (const TensorRecord& t : result.tensors) places[t.name] = t.begin;
  ASSERT_EQ(places.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(places.at(expected[i].name), i) << expected[i].name;
}

TEST(LayerMatch, NamesEveryNetworksLayersInAnyOrder) {
  for (const std::string_view arch : network_names()) {
    std::vector<SourceLayer> layers = layers_of(std::string(arch));
    expect_each_in_its_place(layers, std::string(arch));
    const auto is_dense = [](const SourceLayer& layer) { return layer.kind == Kind::dense; };
    const auto convs_end = std::ranges::find_if(layers, is_dense);
    std::reverse(layers.begin(), convs_end);
    expect_each_in_its_place(layers, std::string(arch));
  }
}

TEST(LayerMatch, WithoutDepthsTheOrderCountsAndShortcutsAreRefused) {
  for (const std::string arch : {"alexnet", "vgg16", "vgg16_bn", "resnet34", "resnet50", "resnetrs50"}) {
    std::vector<SourceLayer> layers = layers_of(arch);
    for (SourceLayer& layer : layers) layer.depth = 0;
    if (!arch.starts_with("resnet")) {
      expect_each_in_its_place(layers, arch);
      std::swap(layers[1], layers[2]);
      expect_says(named(layers, arch).fault, "stands where features.");
    } else {
      expect_says(named(layers, arch).fault, "the order of its layers does not tell " + arch + "'s shortcuts");
    }
  }
}

TEST(LayerMatch, FoldedBatchNormsAreRefusedWithTheRemedy) {
  std::vector<SourceLayer> layers = layers_of("resnet50");
  for (SourceLayer& layer : layers) {
    if (layer.kind == Kind::conv) layer.bias = std::move(layer.norm->bias);
    layer.norm.reset();
  }
  const NamedLayers result = named(layers, "resnet50");
  EXPECT_EQ(result.fault.find("its batch norms are folded into its convolutions"), 0u);
  expect_says(result.fault, "do_constant_folding=False");
  EXPECT_GT(result.score, 53);
}

/// With the names of a network's convolutions, as a part of a larger one.
std::vector<SourceLayer> called(std::vector<SourceLayer> layers, const std::string& arch) {
  size_t at = 0;
  for (const ExpectedTensor& e : expected_tensors(arch)) {
    if (e.shape.rank() == 4) layers[at++].torch_name = "net." + e.name.substr(0, e.name.rfind('.'));
  }
  return layers;
}

// They have the shapes of a VGG16 without batch norms, and became one.
TEST(LayerMatch, FoldedBatchNormsOfVgg16AreToldByTheNamesOfItsModules) {
  std::vector<SourceLayer> layers = layers_of("vgg16");
  EXPECT_EQ(named(called(layers, "vgg16_bn"), "vgg16").fault.find("its batch norms are folded into its convolutions"), 0u);
  EXPECT_EQ(named(called(layers, "vgg16"), "vgg16").fault, "");
  EXPECT_EQ(named(called(layers_of("vgg16_bn"), "vgg16_bn"), "vgg16_bn").fault, "");
  EXPECT_FALSE(named(layers, "vgg16").may_be_folded);
  layers[3].may_be_folded = true;
  EXPECT_TRUE(named(layers, "vgg16").may_be_folded);
  EXPECT_EQ(named(layers, "vgg16").fault, "");
  layers[3].bias.reset();  // a folded batch norm gives one
  EXPECT_FALSE(named(layers, "vgg16").may_be_folded);
}

TEST(LayerMatch, ABiasBeforeABatchNormGoesIntoTheMeanAndTheEpsilonIntoTheVariance) {
  std::vector<SourceLayer> layers = layers_of("resnet50");
  layers[0].bias = TensorRecord{.name = "?", .sizes = {64}, .begin = 1234};
  layers[0].norm->epsilon = 1.001e-5;
  const NamedLayers result = named(layers, "resnet50");
  EXPECT_EQ(result.fault, "");
  for (const TensorRecord& t : result.tensors) {
    EXPECT_EQ(t.minus != nullptr, t.name == "bn1.running_mean") << t.name;
    if (t.minus) {
      EXPECT_EQ(t.minus->begin, 1234u);
    }
    EXPECT_NEAR(t.plus, t.name == "bn1.running_var" ? 1e-8 : 0, 1e-20) << t.name;
  }
  layers = layers_of("vgg16_bn");  // whose convolutions have biases themselves
  EXPECT_EQ(named(layers, "vgg16_bn").tensors[2].minus, nullptr);
  expect_each_in_its_place(layers, "vgg16_bn");
}

TEST(LayerMatch, AStrideInTheFirstConvolutionOfABlockIsNoted) {
  std::vector<SourceLayer> layers = layers_of("resnet50");
  EXPECT_EQ(named(layers, "resnet50").note, "");
  const auto first_of_layer2 = std::ranges::find(layers, std::vector<int64_t>{128, 256, 1, 1},
                                                 [](const SourceLayer& layer) { return layer.weight.sizes; });
  first_of_layer2->stride = 2;
  expect_says(named(layers, "resnet50").note, "stride in the first 1x1 convolution");
}

TEST(LayerMatch, AClassifierOfAnotherKindIsLeftOut) {
  std::vector<SourceLayer> layers = layers_of("vgg16");
  layers.back().weight.sizes[0] = 7;
  EXPECT_EQ(match_arch(named(layers, "vgg16").tensors, "vgg16").classes, 7);
  layers[layers.size() - 2].weight.sizes[0] = 100;
  layers.back().weight.sizes[1] = 100;
  const NamedLayers result = named(layers, "vgg16");
  EXPECT_EQ(result.fault, "");
  EXPECT_EQ(result.tensors.size(), 26u);
  EXPECT_EQ(result.left_out.size(), 3u);
  EXPECT_TRUE(match_arch(result.tensors, "vgg16").headless);
}

TEST(LayerMatch, ABiasThatIsLeftOutIsZeros) {
  std::vector<SourceLayer> layers = layers_of("vgg16");
  layers[2].bias.reset();
  layers.back().bias.reset();
  const NamedLayers result = named(layers, "vgg16");
  EXPECT_EQ(result.fault, "");
  EXPECT_TRUE(match_arch(result.tensors, "vgg16").fits());
  for (const TensorRecord& t : result.tensors) {
    EXPECT_EQ(t.store != nullptr, t.name == "features.5.bias" || t.name == "classifier.6.bias") << t.name;
    if (!t.store) continue;
    std::array<std::byte, 4> bytes{std::byte{1}};
    t.store->read(0, bytes);
    EXPECT_EQ(bytes, (std::array<std::byte, 4>{}));
  }
}

TEST(LayerMatch, NamesWhatDoesNotFit) {
  const auto fault = [](auto&& change, const std::string& arch = "vgg16") {
    std::vector<SourceLayer> layers = layers_of(arch);
    change(layers);
    return named(layers, arch).fault;
  };
  expect_says(fault([](auto& l) { l.erase(l.begin() + 3); }), "it lacks features.7 [128,128,3,3]");
  expect_says(fault([](auto& l) { l.push_back(l.front()); }), "it has besides ? [64,3,3,3]");
  expect_says(fault([](auto& l) { l[4].fault = "it is computed"; }), "it is computed");
  expect_says(fault([](auto& l) { l[0].norm = SourceNorm(); }), "? has a batch norm and features.0 has none");
  expect_says(fault([](auto& l) { l[1].norm.reset(), l[2].depth = 99; }, "resnet34"), "without a batch norm: layer1.0.conv1");
}

}  // namespace
}  // namespace cudenza::testing
