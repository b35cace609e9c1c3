/// Networks in bytes: calibration, and the logits beside those of f32.
#include "engine/nn/int8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/autograd/node.h"
#include "engine/nn/prepared.h"
#include "engine/ops/int8.h"
#include "engine/ops/pool.h"
#include "kernels/quantize/quantize.h"
#include "models/registry.h"
#include "tests/support/compare.h"
#include "tests/support/formula_weights.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

constexpr int64_t kSide = 64;

Tensor pictures(int64_t count, uint64_t seed) {
  return drawn({count, kSide, kSide, 3}, seed, 0, [](float s) { return std::sqrt(3.0f) * s; });
}

/// A network whose batch norms know the statistics of its pictures, and the plans of its calibration.
struct Subject {
  explicit Subject(const std::string& arch, HeadKind head = HeadKind::original) {
    const auto random = std::make_shared<Generator>(5);
    network = make_network(arch, {.classes = 10, .head = head, .random = random});
    network->initialize(*random);
    network->train(true);
    (*network)(pictures(8, 3));
    network->train(false);
    Calibration calibration(*network);
    calibration.see(pictures(8, 4));
    plans = calibration.plans();
  }
  Tensor logits(const Tensor& x, bool int8) const {
    set_int8(*network, int8 ? plans : Int8Plans());
    Prepared prepared(*network);
    prepared(x);
    return prepared(x);  // with a memory plan
  }

  std::unique_ptr<Network> network;
  Int8Plans plans;
};

/// The norm of the difference, as a part of b's.
double distance(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  double error = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) error += std::pow(x[i] - y[i], 2), size += y[i] * y[i];
  return x.size() == y.size() ? std::sqrt(error / size) : INFINITY;
}

class Int8Network : public ::testing::TestWithParam<std::string> {};

TEST_P(Int8Network, GivesLogitsNearThoseOfF32) {
  for (const HeadKind head : {HeadKind::original, HeadKind::fastai}) {
    const Subject s(GetParam(), head);
    const Tensor x = pictures(3, 7), exact = s.logits(x, false);
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Tensor y = s.logits(x.to(dtype), true);
      EXPECT_EQ(y.dtype(), dtype);
      const double error = distance(y, exact);
      EXPECT_LT(error, 0.1) << name_of(dtype);
      EXPECT_GT(error, 1e-5);  // bytes were at work
    }
    EXPECT_TRUE(is_same(s.logits(x, false), exact));
  }
}

TEST_P(Int8Network, GivesTheSameBitsOnOneAndTwoThreads) {
  const Subject s(GetParam());
  const Tensor x = pictures(2, 1);
  const auto logits = [&](int threads, const Tensor& of) {
    const ThreadCount count(threads);
    return s.logits(of, true);
  };
  const Tensor all = logits(2, x);
  EXPECT_TRUE(is_same(logits(1, x), all));
}

INSTANTIATE_TEST_SUITE_P(Networks, Int8Network, ::testing::Values("alexnet", "vgg16_bn", "resnet34", "resnet50", "resnetrs50"),
                         [](const auto& c) { return c.param; });

TEST(Calibration, LeavesTheFirstAndTheLastLayerInFloats) {
  const Subject s("resnet50");
  EXPECT_EQ(s.plans.at("conv1").x_scale, 0);
  EXPECT_GT(s.plans.at("conv1").y.scale, 0);
  EXPECT_FALSE(s.plans.contains("fc"));
  EXPECT_EQ(s.plans.size(), 53u);  // every convolution
  EXPECT_EQ(s.plans.at("layer1.0.downsample.0").y.zero, 128);
  EXPECT_EQ(s.plans.at("layer1.0.conv3").y.zero, 0);
  for (const auto& [name, plan] : Subject("resnetrs50").plans) EXPECT_EQ(name.find(".se."), std::string::npos) << name;
}

// A stage's maps may be as small as 1x1, whose layers stay in floats while their shortcut comes in bytes.
TEST(Calibration, LetsFloatsMeetTheBytesOfOtherLayers) {
  for (const char* const arch : {"resnet34", "resnet50"}) {
    Subject s(arch);
    const Tensor x = pictures(3, 7), exact = s.logits(x, false);
    const auto last = [](const auto& plan) { return plan.first.starts_with("layer4") && !plan.first.ends_with("downsample.0"); };
    EXPECT_GT(std::erase_if(s.plans, last), 5u);
    EXPECT_LT(distance(s.logits(x, true), exact), 0.1) << arch;
  }
}

TEST(Calibration, RefusesWhatItCannotUse) {
  const Subject s("resnet34");
  EXPECT_THROW(set_int8(*s.network, {{"layer9.conv1", {.x_scale = 1}}}), UsageError);
  Calibration calibration(*s.network);
  EXPECT_THROW(calibration.plans(), UsageError);
  EXPECT_THROW(calibration.see(pictures(1, 1).to(DType::bf16)), UsageError);
}

TEST(Histogram, CutsOffWhatIsRare) {
  Histogram h;
  std::vector<float> values(100'000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000) / 1000;
  h.add(values);
  EXPECT_NEAR(h.best_end(255), 1, 0.02);
  h.add(std::vector<float>{4});  // one in 100,000: finer steps for the others are worth more
  EXPECT_EQ(h.most(), 4);
  EXPECT_LT(h.best_end(255), 4);
  EXPECT_GE(h.best_end(255), 0.99F);
  Histogram zeros;
  zeros.add(std::vector<float>(10));
  EXPECT_EQ(zeros.best_end(255), 0);
  EXPECT_THROW(zeros.add(std::vector<float>{INFINITY}), UsageError);
}

TEST(Quantized, EqualsThePlainLoop) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 100);
  for (const int64_t count : {1, 15, 16, 17, 1000, 70'001}) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& v : values) v = normal(random);
    values[0] = NAN, values.back() = count % 2 ? INFINITY : -INFINITY;
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Tensor x = Tensor::from(values, {count}).to(dtype);
      for (const int zero : {0, 128}) {
        const Quantization q{.scale = 0.7F, .zero = zero};
        const Tensor y = quantized(x, q), expected = Tensor::quantized({count}, q);
        const auto loop = [&](const auto* from) {
          kernels::quantize(kernels::Reference{}, from, expected.data<uint8_t>(), count, {q.scale, q.zero});
        };
        if (dtype == DType::f32) loop(x.data<float>());
        else loop(x.data<bf16>());
        EXPECT_EQ(y.to_vector<uint8_t>(), expected.to_vector<uint8_t>());
        EXPECT_EQ(dequantized(y).dtype(), dtype);
      }
    }
  }
}

TEST(Quantized, IsPooledAsWhatItStandsFor) {
  for (const MaxPool2dSpec& spec : {MaxPool2dSpec{.kernel = 3, .stride = 2, .pad = 1}, MaxPool2dSpec{.kernel = 2},
                                    MaxPool2dSpec{.kernel = 3, .stride = 2, .ceil_mode = true}}) {
    const Tensor x = quantized(drawn({2, 9, 8, 37}, 1, 0, [](float s) { return s; }), {.scale = 0.01F, .zero = 128});
    const Tensor y = max_pool2d(x, spec);
    EXPECT_TRUE(is_same(dequantized(y), max_pool2d(dequantized(x), spec)));
  }
}

}  // namespace
}  // namespace cudenza::testing
