/// The fixtures of make_graph_weight_fixtures.py, which Keras wrote, and h5py in the layouts of its old versions.
#include "weights/keras.h"

#include <gtest/gtest.h>

#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"
#include "tests/weights/record_values.h"
#include "weights/keras_layers.h"

namespace cudenza::testing {
namespace {

using Kind = SourceLayer::Kind;

std::vector<std::string> names_of(const WeightSource& source) {
  std::vector<std::string> names;
  for (const SourceLayer& layer : source.state_dicts().front().layers) names.push_back(layer.name);
  return names;
}

/// [h,w,in,out] to [out,in,h,w].
std::vector<float> as_filters(const std::vector<float>& kernel, size_t positions, size_t in, size_t out) {
  std::vector<float> filters(kernel.size());
  for (size_t p = 0; p < positions; ++p) {
    for (size_t c = 0; c < in; ++c) {
      for (size_t o = 0; o < out; ++o) filters[(o * in + c) * positions + p] = kernel[(p * in + c) * out + o];
    }
  }
  return filters;
}

/// [positions · channels, out] to [out, channels · positions].
std::vector<float> as_dense(const std::vector<float>& kernel, size_t positions, size_t channels, size_t out) {
  std::vector<float> weight(kernel.size());
  for (size_t p = 0; p < positions; ++p) {
    for (size_t c = 0; c < channels; ++c) {
      for (size_t o = 0; o < out; ++o)
        weight[o * channels * positions + c * positions + p] = kernel[(p * channels + c) * out + o];
    }
  }
  return weight;
}

TEST(Keras, ReadsWholeModelsAndWeightsAlone) {
  for (const char* file : {"keras3_model.h5", "keras3.weights.h5"}) {
    SCOPED_TRACE(file);
    const WeightSource source(fixture(std::string("weights/") + file));
    EXPECT_EQ(source.container(), WeightContainer::keras);
    EXPECT_EQ(names_of(source), (std::vector<std::string>{"block1_conv1", "block1_conv2", "fc1", "predictions"}));
    const std::vector<SourceLayer>& layers = source.state_dicts().front().layers;
    EXPECT_EQ(values_of(source, layers[0].weight), as_filters(fixture_values("block1_conv1/kernel", 108), 9, 3, 4));
    EXPECT_EQ(values_of(source, *layers[1].bias), fixture_values("block1_conv2/bias", 2));
    EXPECT_EQ(layers[2].weight.shape(), (std::vector<int64_t>{6, 8}));
    EXPECT_EQ(values_of(source, layers[2].weight), as_dense(fixture_values("fc1/kernel", 48), 4, 2, 6));
    EXPECT_EQ(values_of(source, layers[3].weight), as_dense(fixture_values("predictions/kernel", 30), 6, 1, 5));
    for (const size_t piece : {1, 7}) {
      EXPECT_EQ(values_of(source, layers[2].weight, piece), values_of(source, layers[2].weight));
      const TensorRecord& stored = source.state_dicts().front().tensors.front();
      EXPECT_EQ(values_of(source, stored, piece), fixture_values("block1_conv1/kernel", 108));
    }
  }
  EXPECT_EQ(WeightSource(fixture("weights/keras3_model.h5")).facts().origin, "written by Keras 3.15.1 with torch");
}

TEST(Keras, ReadsOldLayoutsAndCompressedDataSets) {
  const WeightSource first(fixture("weights/keras1.h5")), second(fixture("weights/keras2_plain.h5"));
  EXPECT_EQ(names_of(first), (std::vector<std::string>{"block1_conv1", "fc1"}));
  EXPECT_EQ(names_of(second), (std::vector<std::string>{"block1_conv1", "block1_conv2"}));
  const auto& layers = first.state_dicts().front().layers;
  EXPECT_EQ(values_of(first, layers[0].weight), as_filters(fixture_values("block1_conv1_W_1:0", 108), 9, 3, 4));
  EXPECT_EQ(values_of(first, layers[1].weight), as_dense(fixture_values("fc1_W_1:0", 96), 4, 4, 6));
  const SourceLayer& compressed = second.state_dicts().front().layers[1];
  EXPECT_EQ(values_of(second, compressed.weight), as_filters(fixture_values("block1_conv2/block1_conv2/kernel:0", 72), 9, 4, 2));
}

TEST(Keras, BatchNormsGoToTheConvolutionsBeforeThem) {
  const WeightSource source(fixture("weights/keras3_norms.h5"));
  const std::vector<SourceLayer>& layers = source.state_dicts().front().layers;
  ASSERT_EQ(layers.size(), 2u);
  ASSERT_TRUE(layers[0].norm && layers[1].norm);
  EXPECT_EQ(layers[0].norm->epsilon, 0.25);  // the model's configuration has it
  EXPECT_EQ(values_of(source, layers[0].norm->weight), fixture_values("two/gamma", 4));
  EXPECT_EQ(values_of(source, layers[0].norm->bias), fixture_values("two/beta", 4));
  EXPECT_EQ(values_of(source, layers[0].norm->mean), fixture_values("two/moving_mean", 4));
  EXPECT_EQ(values_of(source, layers[1].norm->variance), fixture_values("four/moving_variance", 2));
}

/// What a batch norm after a convolution with a bias becomes (weights/layer_match.h).
TEST(Keras, RecordsAreReadLessAnotherAndPlusANumber) {
  const WeightSource source(fixture("weights/keras3_norms.h5"));
  const SourceLayer& layer = source.state_dicts().front().layers[0];
  TensorRecord mean = layer.norm->mean;
  mean.minus = std::make_shared<const TensorRecord>(*layer.bias);
  mean.plus = 0.1;
  const std::vector<float> means = fixture_values("two/moving_mean", 4), biases = fixture_values("one/bias", 4);
  const std::vector<float> read = values_of(source, mean, 3);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(read[i], static_cast<float>(double{means[i]} - double{biases[i]} + 0.1));
}

TEST(Keras, OtherFilesAreToldApart) {
  const ScratchFolder scratch;
  const std::string ours = scratch.path() / "ours.h5", other = scratch.path() / "other.h5";
  Hdf5File::create(ours, [](Hdf5File& file) {
    file.set_attribute("/", "format", std::string("cudenza"));
    file.write("conv/kernel", Tensor::zeros({2}, DType::f32));
  });
  Hdf5File::create(other, [](Hdf5File& file) { file.write("x", Tensor::zeros({2}, DType::f32)); });
  EXPECT_FALSE(is_keras(Hdf5File(ours)));
  EXPECT_FALSE(is_keras(Hdf5File(other)));
  EXPECT_TRUE(is_keras(Hdf5File(fixture("weights/keras1.h5"))));
  expect_says(message_of<DataError>([&] { WeightSource{ours}; }), "is HDF5 already");
  expect_says(message_of<DataError>([&] { WeightSource{other}; }), "holds no weights of Keras's");
}

// Lists of variables, as files have them.

const FileBytes& some_file() {
  static const FileBytes file(fixture("weights/keras1.h5"));
  return file;
}

KerasVariable variable(const std::string& path, const std::vector<int64_t>& sizes, const std::string& layer_name = "") {
  return {{.name = path, .sizes = sizes, .strides = contiguous_strides(sizes)}, layer_name};
}

/// A convolution and its batch norm by Keras's names.
void add_block_part(KerasFile& keras, const std::string& conv, const std::string& norm, const std::vector<int64_t>& kernel) {
  keras.variables.push_back(variable(conv + "/" + conv + "/kernel:0", kernel));
  keras.variables.push_back(variable(conv + "/" + conv + "/bias:0", {kernel[3]}));
  for (const char* part : {"gamma", "beta", "moving_mean", "moving_variance"})
    keras.variables.push_back(variable(norm + "/" + norm + "/" + part + ":0", {kernel[3]}));
}

TEST(KerasLayers, ResNet50sNamesGivePlacesInBothGenerations) {
  KerasFile now, old;
  for (const char* part : {"0", "3", "2", "1"})
    add_block_part(now, fmt::format("conv3_block1_{}_conv", part), fmt::format("conv3_block1_{}_bn", part), {1, 1, 2, 4});
  add_block_part(now, "conv1_conv", "conv1_bn", {7, 7, 3, 8});
  add_block_part(now, "conv3_block10_1_conv", "conv3_block10_1_bn", {1, 1, 2, 4});
  add_block_part(now, "conv3_block2_1_conv", "conv3_block2_1_bn", {1, 1, 2, 4});
  for (const char* part : {"branch1", "branch2c", "branch2b", "branch2a"})
    add_block_part(old, fmt::format("res3a_{}", part), fmt::format("bn3a_{}", part), {1, 1, 2, 4});
  add_block_part(old, "conv1", "bn_conv1", {7, 7, 3, 8});
  const auto layers_now = keras_layers(some_file(), now), layers_old = keras_layers(some_file(), old);
  const std::vector<std::string> names_now{"conv1_conv",          "conv3_block1_1_conv", "conv3_block1_2_conv",
                                           "conv3_block1_3_conv", "conv3_block1_0_conv", "conv3_block2_1_conv",
                                           "conv3_block10_1_conv"};
  const std::vector<std::string> names_old{"conv1", "res3a_branch2a", "res3a_branch2b", "res3a_branch2c", "res3a_branch1"};
  const std::vector<int> depths{1, 2, 3, 4, 2, 5, 6}, strides{2, 2, 1, 1, 2, 1, 1};
  ASSERT_EQ(layers_now.size(), names_now.size());
  ASSERT_EQ(layers_old.size(), names_old.size());
  for (size_t i = 0; i < names_now.size(); ++i) {
    EXPECT_EQ(layers_now[i].name, names_now[i]);
    EXPECT_EQ(layers_now[i].depth, depths[i]) << names_now[i];
    EXPECT_EQ(layers_now[i].stride, strides[i]) << names_now[i];
    ASSERT_TRUE(layers_now[i].norm) << names_now[i];
    EXPECT_EQ(layers_now[i].norm->epsilon, 1.001e-5);
    if (i >= names_old.size()) continue;
    EXPECT_EQ(layers_old[i].name, names_old[i]);
    EXPECT_EQ(layers_old[i].depth, depths[i]) << names_old[i];
    ASSERT_TRUE(layers_old[i].norm) << names_old[i];
    EXPECT_EQ(layers_old[i].norm->epsilon, 1e-3);
  }
}

TEST(KerasLayers, NumbersGiveTheOrderWhereNothingElseDoes) {
  KerasFile keras;
  for (const char* name : {"conv2d", "conv2d_1", "conv2d_10", "conv2d_2"}) {
    keras.variables.push_back(variable(fmt::format("layers/{}/vars/0", name), {1, 1, 1, 2}));
    keras.variables.push_back(variable(fmt::format("layers/{}/vars/1", name), {2}));
  }
  for (const char* name : {"batch_normalization", "batch_normalization_1", "batch_normalization_10", "batch_normalization_2"}) {
    for (int i = 0; i < 4; ++i) keras.variables.push_back(variable(fmt::format("layers/{}/vars/{}", name, i), {2}));
  }
  const std::vector<SourceLayer> layers = keras_layers(some_file(), keras);
  std::vector<std::string> names;
  for (const SourceLayer& layer : layers) {
    names.push_back(layer.name);
    ASSERT_TRUE(layer.norm);
    EXPECT_EQ(layer.depth, 0);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"conv2d", "conv2d_1", "conv2d_2", "conv2d_10"}));
  EXPECT_EQ(layers[2].norm->variance.name, "layers/batch_normalization_2/vars/3");
}

TEST(KerasLayers, FlattensOfChannelsFirstStayAsTheyAre) {
  KerasFile keras{.variables = {variable("a/kernel:0", {3, 3, 3, 4}), variable("b/kernel:0", {16, 6})}};
  EXPECT_EQ(keras_layers(some_file(), keras)[1].weight.joined, (std::vector<int64_t>{6, 16}));
  keras.channels_first = true;
  EXPECT_TRUE(keras_layers(some_file(), keras)[1].weight.joined.empty());
}

TEST(KerasLayers, WhatIsTwiceOrIncompleteIsRefused) {
  KerasFile twice{.variables = {variable("a/kernel:0", {3, 3, 3, 4}), variable("a/kernel", {3, 3, 3, 4})}};
  expect_says(message_of<DataError>([&] { keras_layers(some_file(), twice); }), "layer a has a variable twice: a/kernel");
  KerasFile incomplete{.variables = {variable("a/kernel", {1, 1, 1, 2}), variable("b/gamma", {2}), variable("b/beta", {2})},
                       .is_ordered = true};
  expect_says(message_of<DataError>([&] { keras_layers(some_file(), incomplete); }),
              "the batch norm b lacks its gamma, beta, mean");
}

TEST(KerasLayers, OptimizersAndOtherVariablesAreNone) {
  for (const char* path :
       {"optimizer_weights/a/kernel:0", "a/depthwise_kernel:0", "kernel", "a/x", "layers/a/vars/x", "a/b/kernels"})
    EXPECT_FALSE(is_keras_variable(path)) << path;
  for (const char* path : {"a/kernel", "a/a_W_1:0", "x/a/running_std:0", "layers/a/vars/0", "a/bias_3:0"})
    EXPECT_TRUE(is_keras_variable(path)) << path;
}

}  // namespace
}  // namespace cudenza::testing
