/// Prepared networks against the modules as they are: the same logits, whatever batches come.
#include "engine/nn/prepared.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd/node.h"
#include "engine/libraries/math_mode.h"
#include "models/registry.h"
#include "tests/support/compare.h"
#include "tests/support/formula_weights.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

constexpr int64_t kSide = 64;

struct Subject {
  explicit Subject(std::string_view arch, HeadKind head = HeadKind::original) {
    const auto random = std::make_shared<Generator>(5);
    network = make_network(std::string(arch), {.classes = 10, .head = head, .random = random});
    network->initialize(*random);
    // Batch norms of a network that has learnt: statistics of its own pictures.
    network->train(true);
    (*network)(pictures(8, 3));
    network->train(false);
  }
  static Tensor pictures(int64_t count, uint64_t seed) {
    return drawn({count, kSide, kSide, 3}, seed, 0, [](float s) { return std::sqrt(3.0f) * s; });
  }
  std::unique_ptr<Network> network;
};

double worst(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
  double error = 0, size = 0;
  for (size_t i = 0; i < x.size(); ++i) error = std::max(error, std::fabs(x[i] - y[i])), size = std::max(size, std::fabs(y[i]));
  return x.size() == y.size() ? error / size : INFINITY;
}

class PreparedNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(PreparedNetwork, GivesTheLogitsOfTheModules) {
  const NoGrad no_grad;
  const Subject s(GetParam());
  std::vector<Tensor> batches, exact;
  for (const int64_t count : {2, 2, 2, 1, 3, 2}) batches.push_back(Subject::pictures(count, batches.size()));
  for (const Tensor& x : batches) exact.push_back((*s.network)(x));
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    double error_of_modules = 0, error = 0;
    for (size_t i = 0; i < batches.size(); ++i)
      error_of_modules = std::max(error_of_modules, worst((*s.network)(batches[i].to(dtype)), exact[i]));
    Prepared prepared(*s.network);
    for (size_t i = 0; i < batches.size(); ++i) error = std::max(error, worst(prepared(batches[i].to(dtype)), exact[i]));
    // 16 bits round elsewhere in folded filters, but no worse.
    EXPECT_LT(error, dtype == DType::f32 ? 2e-5 : 1.5 * error_of_modules) << name_of(dtype);
    EXPECT_GT(prepared.planned_bytes(), 0u);
  }
  EXPECT_FALSE(s.network->folded());
}

TEST_P(PreparedNetwork, GivesTheSameBitsOnOneAndTwoThreads) {
  const Subject s(GetParam());
  const Tensor x = Subject::pictures(2, 1);
  const auto logits = [&](int threads) {
    const ThreadCount count(threads);
    Prepared prepared(*s.network);
    prepared(x), prepared(x);
    return prepared(x);
  };
  const ExactMath exact;
  EXPECT_TRUE(is_same(logits(2), logits(1)));
}

INSTANTIATE_TEST_SUITE_P(Networks, PreparedNetwork,
                         ::testing::ValuesIn(std::vector<std::string>(network_names().begin(), network_names().end())),
                         [](const auto& c) { return c.param; });

TEST(Prepared, KeepsResultsOfEarlierBatches) {
  const Subject s("resnet34", HeadKind::pyramid);
  Prepared prepared(*s.network);
  std::vector<Tensor> first, second;
  for (uint64_t i = 0; i < 6; ++i) first.push_back(prepared(Subject::pictures(1, i)));
  for (uint64_t i = 0; i < 6; ++i) second.push_back(prepared(Subject::pictures(1, i)).clone());
  for (size_t i = 0; i < 6; ++i) EXPECT_TRUE(is_same(first[i], second[i])) << i;
}

TEST(Prepared, DropsWeightsWhereItMay) {
  const Subject s("resnet34"), other("resnet34");
  const Tensor x = Subject::pictures(1, 1);
  Prepared kept(*s.network), dropped(*other.network, Weights::dropped);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(is_same(kept(x), dropped(x)));
  size_t left = 0;
  for (const Tensor& p : s.network->parameters()) EXPECT_NO_THROW(static_cast<void>(p.raw()));
  for (const NamedTensor& p : other.network->named_parameters()) {
    if (p.tensor.shape().rank() == 1) continue;  // biases and norms
    try {
      static_cast<void>(p.tensor.raw());
      ++left;
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find("were dropped"), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(left, packing_pays(conv_of_linear(DType::f32, 1, 64, 64)) ? 0u : 37u);
}

TEST(Prepared, SeesWeightsThatChangedBeforeIt) {
  const Subject s("resnet34");
  const Tensor x = Subject::pictures(1, 1);
  const auto logits = [&] { return Prepared(*s.network)(x); };
  const Tensor before = logits();
  for (const Tensor& p : s.network->parameters()) p.fill_zero();
  EXPECT_FALSE(is_same(logits(), before));
}

}  // namespace
}  // namespace cudenza::testing
