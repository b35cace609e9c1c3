#include "weights/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/nn/checkpoint.h"
#include "models/registry.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"
#include "tests/weights/checkpoints.h"
#include "tests/weights/hostile_files.h"
#include "tests/weights/sparse_weights.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class Convert : public ::testing::Test {
 protected:
  std::string refusal(const std::string& arch = "") {
    const std::string message = message_of<DataError>([&] { convert_weights(in_, out_, {.arch = arch}); });
    EXPECT_FALSE(fs::exists(out_));
    return message;
  }

  const ScratchFolder scratch_;
  const fs::path in_ = scratch_.path() / "some.safetensors", out_ = scratch_.path() / "some.h5";
};

TEST_F(Convert, WritesWhatANetworkLoads) {
  write_sparse_weights(in_, {.arch = "resnet34", .classes = 10});
  const ConvertReport report = convert_weights(in_, out_);
  EXPECT_EQ(report.arch, "resnet34");
  EXPECT_EQ(report.variant, "");
  EXPECT_EQ(report.classes, 10);
  EXPECT_EQ(report.tensors, 182u);
  EXPECT_EQ(report.container, WeightContainer::safetensors);

  const Hdf5File file(out_);
  const WeightsInfo info = read_info(file);
  EXPECT_EQ(info.arch, "resnet34");
  EXPECT_EQ(info.source, "some.safetensors");
  EXPECT_EQ(info.source_sha256, report.hash.sha256);
  EXPECT_EQ(info.input_size, 224);
  EXPECT_EQ(info.mean, (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(info.interpolation, "bilinear");
  EXPECT_EQ(info.classes.size(), 10u);
  EXPECT_EQ(file.names().size(), 182u);

  const auto network = make_network("resnet34", {.classes = 10});
  EXPECT_EQ(read_state(file, *network).loaded.size(), 182u);
  const auto state = file_state(*network);
  for (size_t i = 0; i < state.size(); ++i) {
    const auto values = state[i].tensor.span<float>();
    EXPECT_EQ(values[0], static_cast<float>(i + 1)) << state[i].name;  // the first stays the first in both orders
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0.0), static_cast<double>(i + 1)) << state[i].name;
  }
}

TEST_F(Convert, TellsTheNetworksApart) {
  for (const char* arch : {"alexnet", "vgg16", "vgg16_bn", "resnet34", "resnet50", "resnetrs50"}) {
    write_sparse_weights(in_, {.arch = arch, .with_counter = false});
    const ArchMatch match = choose_weights(WeightSource(in_)).match;
    EXPECT_EQ(match.arch, arch);
    EXPECT_EQ(match.fault, "");
    EXPECT_EQ(match.classes, 1000);
  }
}

TEST_F(Convert, NamesWhatDoesNotFit) {
  write_sparse_weights(in_, {.arch = "resnet34", .without = "layer1.0.bn1.weight"});
  expect_says(refusal(), "does not hold the weights of a known network; the nearest is resnet34: it lacks layer1.0.bn1.weight");
  const std::string message = refusal("resnet50");
  expect_says(message, "some.safetensors: does not hold the weights of resnet50: it lacks layer1.0.bn1.weight");
  expect_says(message, "layer1.0.bn3.running_mean and 81 more");
  expect_says(message, "layer1.0.conv1.weight is [64,64,3,3] and not [64,64,1,1]");
  EXPECT_THROW(convert_weights(in_, out_, {.arch = "resnet51"}), UsageError);
}

TEST_F(Convert, HoldsTheHashInANameAgainstTheFile) {
  write_sparse_weights(in_, {.arch = "resnet34"});
  const std::string sha256 = hash_of(FileBytes(in_)).sha256;
  const fs::path wrong = scratch_.path() / "resnet34-01234567.safetensors";
  fs::rename(in_, wrong);
  expect_says(message_of<DataError>([&] { convert_weights(wrong, out_); }),
              "its name promises SHA-256 01234567…, but it has " + sha256);
  EXPECT_FALSE(fs::exists(out_));
  const fs::path right = scratch_.path() / fmt::format("resnet34-{}.safetensors", sha256.substr(0, 8));
  fs::rename(wrong, right);
  EXPECT_EQ(convert_weights(right, out_).hash.in_name, sha256.substr(0, 8));
}

TEST_F(Convert, TakesWhatTheKeyNames) {
  write_checkpoint(in_, pickled_dict({{"epoch", "K\3"},
                                      {"state_dict", pickled_resnet34(prefixed("module."))},
                                      {"state_dict_ema", pickled_resnet34(prefixed("_orig_mod.model."), "1")}}));
  const ConvertReport first = convert_weights(in_, out_);
  ASSERT_EQ(first.remarks.size(), 2u);
  EXPECT_EQ(first.remarks[0], "took 'state_dict', names without 'module.'");
  expect_says(first.remarks[1], "'state_dict_ema' fits as well and was not taken");
  EXPECT_EQ(Hdf5File(out_).read("fc.bias").span<float>()[0], 1);
  convert_weights(in_, out_, {.key = "state_dict_ema"});
  EXPECT_EQ(Hdf5File(out_).read("fc.bias").span<float>()[0], 2);
  EXPECT_EQ(read_info(Hdf5File(out_)).source_sha256, first.hash.sha256);
}

TEST_F(Convert, RefusesNumbersThatAreNotFinite) {
  for (const float odd : {NAN, INFINITY, -INFINITY}) {
    write_sparse_weights(in_, {.arch = "resnet34", .scale = odd});
    expect_says(refusal(), fmt::format("some.safetensors: conv1.weight holds {}, and weights must be finite", odd));
  }
}

TEST_F(Convert, ABodyWithoutAClassifierIsConverted) {
  write_checkpoint(in_, pickled_resnet34([](const std::string& name) { return name.starts_with("fc.") ? "" : name; }));
  const ConvertReport report = convert_weights(in_, out_);
  EXPECT_EQ(report.classes, 0);
  EXPECT_EQ(report.tensors, 180u);
  const Hdf5File file(out_);
  EXPECT_TRUE(read_info(file).classes.empty());
  const auto network = make_network("resnet34", {.classes = 10});
  EXPECT_EQ(read_state(file, *network, {.replace_head = {"fc."}}).loaded.size(), 180u);
}

TEST_F(Convert, PreprocessingGoesIntoTheFirstConvolution) {
  write_sparse_weights(in_, {.arch = "resnet34"});  // conv1.weight's first number is 1, bn1.running_mean's 4, the others 0
  const ConvertReport report = convert_weights(in_, out_, {.input_scale = InputScale::caffe});
  EXPECT_EQ(report.origin, "preprocessing (caffe) taken into the first convolution");
  const Hdf5File file(out_);
  const Tensor filter = file.read("conv1.weight");
  const auto weights = filter.span<float>();
  EXPECT_EQ(weights[0], 0);
  EXPECT_EQ(weights[2 * 49], static_cast<float>(255 * 0.225));  // it was of blue, which comes third
  EXPECT_EQ(std::accumulate(weights.begin(), weights.end(), 0.0), static_cast<double>(weights[2 * 49]));
  EXPECT_EQ(file.read("bn1.running_mean").span<float>()[0], static_cast<float>(4 - (255 * 0.406 - 103.939)));
  EXPECT_EQ(file.read("bn1.running_mean").span<float>()[1], 0);
  EXPECT_EQ(file.read("bn1.running_var").span<float>()[0], 5);
}

TEST_F(Convert, LicenceAndOriginAreKept) {
  write_sparse_weights(in_,
                       {.arch = "resnet34", .metadata = R"("license":"CC BY 4.0","modelspec.author":"Ann","source":"a b")"});
  convert_weights(in_, out_);
  EXPECT_EQ(read_info(Hdf5File(out_)).license, "CC BY 4.0");
  EXPECT_EQ(read_info(Hdf5File(out_)).origin, "Ann; a b");
  const ConvertReport report = convert_weights(in_, out_, {.license = "MIT", .origin = "Bob"});
  EXPECT_EQ(report.license, "MIT");
  EXPECT_EQ(read_info(Hdf5File(out_)).license, "MIT");
  EXPECT_EQ(read_info(Hdf5File(out_)).origin, "Bob");
  EXPECT_EQ(read_info(Hdf5File(out_)).note, "");
  write_sparse_weights(in_, {.arch = "resnet34"});
  convert_weights(in_, out_);
  EXPECT_FALSE(Hdf5File(out_).has_attribute("/", "license"));
}

TEST_F(Convert, SaysWhatAFileHoldsThatDoesNotFit) {
  const std::string number = pickled::tensor("0", kStorageNumbers, pickled::integer(0), pickled::integer(3), pickled::integer(1));
  write_checkpoint(in_, pickled_dict({{"generator", pickled_dict({{"a.weight", number}, {"b", number}})}}));
  expect_says(refusal(), "it holds 'generator' (2 tensors: a.weight, b)");
  expect_says(refusal("resnet34"), "does not hold the weights of resnet34: it lacks conv1.weight");
}

TEST_F(Convert, ADateInANameIsNoHash) {
  write_sparse_weights(in_, {.arch = "resnet34"});
  const fs::path dated = scratch_.path() / "best-20240131.safetensors";
  fs::rename(in_, dated);
  EXPECT_EQ(convert_weights(dated, out_).hash.in_name, "");
}

TEST_F(Convert, RefusesWhatIsNoNetwork) {
  const std::string message = message_of<DataError>([&] { convert_weights(fixture("weights/plain_zip.pth"), out_); });
  expect_says(message, "plain_zip.pth: does not hold the weights of a known network");
  Hdf5File::create(in_, [](Hdf5File& file) { file.write("x", Tensor::zeros({2}, DType::f32)); });
  expect_says(refusal(), "is HDF5, but holds no weights of Keras's");
}

}  // namespace
}  // namespace cudenza::testing
