/// info --arch, whose numbers the floors of the networks are, and forward.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/autograd/node.h"
#include "engine/nn/checkpoint.h"
#include "engine/ops/layout.h"
#include "models/registry.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

struct Floor {
  const char* arch;
  double forward_gflop, training_gflop;
  int64_t parameters;
};

class InfoArch : public ::testing::TestWithParam<Floor> {};

TEST_P(InfoArch, CountsTheKnownFlopsAndParameters) {
  const Floor floor = GetParam();
  const Ran ran = run_program(std::string("info --json --arch ") + floor.arch);
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto info = nlohmann::json::parse(ran.out), total = info["total"];
  EXPECT_NEAR(total["flops"].get<double>() / 1e9, floor.forward_gflop, 0.01 * floor.forward_gflop);
  EXPECT_NEAR(total["training_flops"].get<double>() / 1e9, floor.training_gflop, 0.01 * floor.training_gflop);
  EXPECT_EQ(total["parameters"], floor.parameters);
  int64_t parameters = 0;
  for (const auto& layer : info["layers"]) parameters += layer["parameters"].get<int64_t>();
  EXPECT_EQ(parameters, floor.parameters);
}

INSTANTIATE_TEST_SUITE_P(All, InfoArch,
                         ::testing::Values(Floor{"alexnet", 1.42, 4.12, 61100840}, Floor{"vgg16", 30.9, 92.6, 138357544},
                                           Floor{"resnet34", 7.33, 21.7, 21797672}, Floor{"resnet50", 8.17, 24.3, 25557032},
                                           Floor{"resnetrs50", 8.90, 26.7, 35691912}),
                         [](const auto& p) { return std::string(p.param.arch); });

TEST(InfoArch, TextShowsLayersAndTotals) {
  const Ran ran = run_program("info --arch resnet34 --head fastai --classes 10 --image-size 64");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("layer4.2.conv2"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("head.fc2"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("kept for the backward pass"), std::string::npos) << ran.out;
}

/// A ResNet34 for ten classes and five pictures as files.
class Forward : public ::testing::Test {
 protected:
  void SetUp() override {
    Generator random(5);
    network->initialize(random);
    network->train(false);
    Hdf5File::create(path("w.h5"), [&](Hdf5File& file) { write_state(file, *network); });
    Hdf5File::create(path("x.h5"), [&](Hdf5File& file) { file.write("x", pictures); });
  }
  std::string path(const std::string& name) const { return folder.path() / name; }
  Ran forward(const std::string& more, const std::string& input = "x.h5") const {
    return run_program("forward --device cpu --arch resnet34 --weights " + path("w.h5") + " --input " + path(input) +
                       " --output " + path("y.h5") + " " + more);
  }
  Tensor logits() const { return Hdf5File(path("y.h5")).read("logits"); }
  Tensor expected() const {
    const NoGrad no_grad;
    return (*network)(nchw_to_nhwc(pictures));
  }

  const ScratchFolder folder;
  const std::unique_ptr<Network> network = make_network("resnet34", {.classes = 10});
  const Tensor pictures = make_inputs({{.shape = {5, 3, 64, 48}}}, DType::f32)[0];
};

TEST_F(Forward, WritesTheNetworksLogitsInBatches) {
  const Ran ran = forward("--batch-size 2");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(is_close(logits(), expected(), {1e-5, 1e-4}));
}

TEST_F(Forward, FoldedAndInBf16) {
  ASSERT_EQ(forward("--folded --quiet").err, "");
  EXPECT_TRUE(is_close(logits(), expected(), {1e-4, 1e-3}));
  const Ran ran = forward("--folded --precision bf16 --json");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(ran.out)["pictures"], 5);
  EXPECT_TRUE(is_close(logits(), expected(), {3e-2, 0}));
}

TEST_F(Forward, GradientsAreThoseOfATrainingStep) {
  const Tensor dy = make_inputs({{.shape = {5, 10}}}, DType::f32)[0];
  Hdf5File::create(path("step.h5"), [&](Hdf5File& file) {
    file.write("x", pictures);
    file.write("dy", dy);
  });
  const Ran ran = forward("--gradients --quiet", "step.h5");
  ASSERT_EQ(ran.status, 0) << ran.err;
  network->train(true);
  const Tensor y = (*network)(nchw_to_nhwc(pictures));
  y.backward(dy);
  EXPECT_TRUE(is_close(logits(), y, {1e-5, 1e-4}));
  const Hdf5File file(path("y.h5"));
  const auto parameters = network->named_parameters();
  EXPECT_EQ(file.names("gradients").size(), parameters.size());
  for (const auto& [name, p] : parameters) {
    const Tensor written = file.read("gradients/" + name);
    EXPECT_TRUE(is_close(written.shape().rank() == 4 ? nchw_to_nhwc(written) : written, p.grad(), {1e-4, 1e-3})) << name;
  }
}

TEST_F(Forward, PicturesThatAreNotFiniteAreWarnedOf) {
  const Tensor odd = pictures.clone();
  odd.span<float>()[0] = NAN;
  Hdf5File::create(path("nan.h5"), [&](Hdf5File& file) { file.write("x", odd); });
  const Ran ran = forward("--quiet", "nan.h5");
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find("nan.h5: /x holds numbers that are not finite"), std::string::npos) << ran.err;
  EXPECT_TRUE(std::ranges::all_of(logits().span<float>().subspan(10), [](float v) { return std::isfinite(v); }));
}

TEST_F(Forward, FaultsInFilesAreNamed) {
  const auto expect_fault = [](const Ran& ran, int status, const std::string& words) {
    EXPECT_EQ(ran.status, status);
    EXPECT_NE(ran.err.find(words), std::string::npos) << ran.err;
  };
  expect_fault(forward("--classes 7"), 3, "fc.weight is [10,512] in the file and [7,512] in the network");
  expect_fault(forward("--head fastai"), 3, "lacks the fastai head of resnet34 (head.");
  expect_fault(forward("", "w.h5"), 3, "has no data set /x");
  expect_fault(forward("", "none.h5"), 3, "none.h5");
  Hdf5File::create(path("flat.h5"), [&](Hdf5File& file) { file.write("x", pictures.view({5, 3, 64 * 48})); });
  expect_fault(forward("", "flat.h5"), 3, "/x is f32 [5,3,3072], but must be pictures, f32 [N,C,H,W]");
  Hdf5File::create(path("last.h5"), [&](Hdf5File& file) { file.write("x", pictures.view({5, 64, 48, 3})); });
  expect_fault(forward("", "last.h5"), 3, "pictures of 64 channels");
  expect_fault(forward("--precision tf32"), 2, "tf32");
  expect_fault(forward("--gradients"), 3, "x.h5: has no data set /dy; --gradients needs the logits' gradients there, f32 [5,10]");
  expect_fault(forward("--gradients --folded"), 2, "--folded");
  Hdf5File::create(path("short.h5"), [&](Hdf5File& file) {
    file.write("x", pictures);
    file.write("dy", Tensor::zeros({4, 10}, DType::f32));
  });
  expect_fault(forward("--gradients", "short.h5"), 3, "/dy is f32 [4,10], but the logits are f32 [5,10]");
}

}  // namespace
}  // namespace cudenza::testing
