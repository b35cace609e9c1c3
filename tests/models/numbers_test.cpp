/// The networks against torchvision, timm and fastai, number for number: logits in evaluation, folded and in training mode,
/// the gradient of every parameter and the running statistics after a step. The other side's numbers are those of
/// tests/fixtures/make_network_fixtures.py; weights and pictures come from the same formulas on both sides.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/autograd/node.h"
#include "engine/ops/pointwise.h"
#include "models/registry.h"
#include "tests/support/compare.h"
#include "tests/support/formula_weights.h"

namespace cudenza::testing {
namespace {

constexpr int kClasses = 10;
constexpr uint64_t kProjectionSeed = 12;

/// A tensor's norm and its products with two random vectors.
struct Digest {
  double norm = 0, dots[2] = {};
};

Digest digest_of(const std::string& name, const Tensor& t) {
  Digest digest;
  const float* values = t.data<float>();
  for (int64_t i = 0; i < t.numel(); ++i) digest.norm += static_cast<double>(values[i]) * values[i];
  digest.norm = std::sqrt(digest.norm);
  for (uint32_t step = 0; step < 2; ++step) {
    std::vector<double> sums(static_cast<size_t>((t.numel() + 255) / 256));  // in a fixed order whatever the threads
    for_uniform(t.numel(), kProjectionSeed, hash_of(name), step,
                [&](int64_t i, float u) { sums[i / 256] += static_cast<double>(values[i]) * (2 * u - 1); });
    for (const double sum : sums) digest.dots[step] += std::sqrt(3.0) * sum;
  }
  return digest;
}

struct Fixture {
  Shape input;
  uint64_t input_seed = 0;
  std::vector<float> evaluation, training;
  std::map<std::string, Digest> gradients, statistics;
};

Fixture read_fixture(const std::string& name) {
  std::ifstream file(CUDENZA_SOURCE_DIR "/tests/fixtures/networks/" + name + ".txt");
  EXPECT_TRUE(file) << name;
  Fixture fixture;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, tensor;
    words >> kind;
    if (kind == "input") {
      int64_t n = 0, h = 0, w = 0, c = 0;
      words >> fixture.input_seed >> n >> h >> w >> c;
      fixture.input = {n, h, w, c};
    } else if (kind == "evaluation" || kind == "training") {
      for (float value = 0; words >> value;) (kind == "training" ? fixture.training : fixture.evaluation).push_back(value);
    } else {
      words >> tensor;
      Digest& d = (kind == "gradient" ? fixture.gradients : fixture.statistics)[tensor];
      words >> d.norm >> d.dots[0] >> d.dots[1];
    }
  }
  return fixture;
}

double worst_error(const Tensor& y, const std::vector<float>& expected) {
  const auto values = y.to_vector<float>();
  EXPECT_EQ(values.size(), expected.size());
  double worst = 0, largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(static_cast<double>(values.at(i)) - expected[i]);
    worst = error <= worst ? worst : error;  // a NaN sticks
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

/// Difference of two tensors as their digests show it, in units of the expected one's norm (or of `floor`, if larger).
double difference(const Digest& d, const Digest& expected, double floor) {
  double worst = std::abs(d.norm - expected.norm);
  for (int k = 0; k < 2; ++k) {
    const double error = std::abs(d.dots[k] - expected.dots[k]);
    worst = error <= worst ? worst : error;
  }
  return worst / std::max(expected.norm, floor);
}

enum class Part { whole, features, head };

struct Subject {
  std::string fixture, network;
  Part part = Part::whole;
};

std::ostream& operator<<(std::ostream& out, const Subject& s) { return out << s.fixture; }

/// Parameters and statistics of the part that a fixture is about.
std::vector<NamedTensor> of_part(const std::vector<NamedTensor>& all, Part part) {
  std::vector<NamedTensor> some;
  for (const NamedTensor& t : all) {
    if (part == Part::whole || t.name.starts_with(part == Part::features ? "features." : "head.")) some.push_back(t);
  }
  return some;
}

class NumbersOf : public ::testing::TestWithParam<Subject> {
 protected:
  std::unique_ptr<Network> network() const {
    const HeadKind head = part == Part::whole ? HeadKind::original : HeadKind::fastai;
    auto network = make_network(GetParam().network, {.classes = kClasses, .head = head, .dropout = 0});
    fill_by_formula(*network);
    return network;
  }
  Tensor run(Network& network, const Tensor& x) const {
    if (part == Part::whole) return network(x);
    return part == Part::features ? network.features(x) : network.classify(x);
  }
  Tensor input() const {
    return drawn(fixture.input, fixture.input_seed, 0, [](float s) { return std::sqrt(3.0f) * s; });
  }
  const Part part = GetParam().part;
  const Fixture fixture = read_fixture(GetParam().fixture);
};

TEST_P(NumbersOf, ResultsInEvaluation) {
  const auto net = network();
  const Tensor x = input();
  NoGrad no_grad;
  net->train(false);
  EXPECT_LT(worst_error(run(*net, x), fixture.evaluation), 1e-4);
  EXPECT_LT(worst_error(run(*net, x.to(DType::bf16)), fixture.evaluation), 3e-2);
  net->fold();
  EXPECT_LT(worst_error(run(*net, x), fixture.evaluation), 1e-4);
  EXPECT_LT(worst_error(run(*net, x.to(DType::bf16)), fixture.evaluation), 3e-2);
}

TEST_P(NumbersOf, ResultsGradientsAndStatisticsInTraining) {
  const auto net = network();
  const Tensor y = run(*net, input());
  EXPECT_LT(worst_error(y, fixture.training), 1e-4);
  y.backward(drawn(y.shape(), fixture.input_seed, 1, [](float s) { return s; }));
  double largest = 0;
  for (const auto& [name, expected] : fixture.gradients) largest = std::max(largest, expected.norm);
  const auto parameters = of_part(net->named_parameters(), part), buffers = of_part(net->named_buffers(), part);
  EXPECT_EQ(parameters.size(), fixture.gradients.size());
  for (const auto& [name, p] : parameters) {
    const Digest& expected = fixture.gradients.at(name);
    const Digest digest = p.grad().defined() ? digest_of(name, p.grad()) : Digest{};
    // A gradient that is zero but for rounding (of a bias before a batch norm) is held to the largest gradient.
    EXPECT_LT(difference(digest, expected, 1e-6 * largest), 1e-3) << name << " with norm " << expected.norm;
  }
  EXPECT_EQ(buffers.size(), fixture.statistics.size());
  for (const auto& [name, b] : buffers) EXPECT_LT(difference(digest_of(name, b), fixture.statistics.at(name), 0), 1e-5) << name;
}

INSTANTIATE_TEST_SUITE_P(All, NumbersOf,
                         ::testing::Values(Subject{"alexnet", "alexnet"}, Subject{"vgg16", "vgg16"},
                                           Subject{"vgg16_bn_features", "vgg16_bn", Part::features},
                                           Subject{"fastai_head", "resnet34", Part::head}, Subject{"resnet34", "resnet34"},
                                           Subject{"resnet50", "resnet50"}, Subject{"resnetrs50", "resnetrs50"}),
                         [](const auto& p) { return p.param.fixture; });

}  // namespace
}  // namespace cudenza::testing
