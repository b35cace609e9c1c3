/// The gradient of a residual network, whose batch norms go by all ranks' rows, beside that of one process.
#include <gtest/gtest.h>

#include "engine/ops/softmax_xent.h"
#include "engine/optim/parameter_groups.h"
#include "engine/train/shared_norms.h"
#include "tests/support/compare.h"
#include "tests/support/residual_cnn.h"
#include "tests/support/thread_ranks.h"

namespace cudenza::testing {
namespace {

/// The gradient of one batch through convolutions with batch norms, residual sums and dropout: the sum of the ranks' shares.
std::vector<float> gradient_of_residual_network(Ranks& ranks) {
  constexpr int64_t kSamples = 7, kSize = 8 * 8 * 3;
  const auto random = std::make_shared<Generator>(5);
  ResidualCnn net({.drop = 0.25, .random = random});
  net.initialize(*random);
  share_statistics(net, ranks.is_alone() ? nullptr : &ranks);
  const FlatParameters parameters({parameter_group("all", net)});
  const Tensor pictures = make_inputs({{.shape = {kSamples, 8, 8, 3}}}, DType::f32)[0];
  const Tensor labels = Tensor::from(std::vector<int64_t>{3, 1, 4, 1, 0, 2, 2}, {kSamples});
  const Share own = ranks.share(kSamples);
  random->set_place(own.begin);
  const Tensor x = pictures.slice(own.begin * kSize, {own.count, 8, 8, 3});
  const Tensor loss = softmax_cross_entropy(net(x), labels.slice(own.begin, {own.count}));
  scale(loss, static_cast<double>(own.count) / kSamples).backward();
  ranks.sum(parameters.gradients());
  return parameters.gradients().to_vector<float>();
}

TEST(TrainingByRanks, AResidualNetworksGradientIsTheWholeBatchs) {
  Ranks alone;
  const std::vector<float> whole = gradient_of_residual_network(alone);
  const Tensor expected = Tensor::from(whole, {std::ssize(whole)});
  for (const int size : {2, 3}) {
    as_ranks(size, [&](const auto& ranks) {
      const std::vector<float> sum = gradient_of_residual_network(*ranks);
      EXPECT_TRUE(is_close(Tensor::from(sum, expected.shape()), expected, {2e-5, 1e-4})) << size << " ranks";
    });
  }
}

}  // namespace
}  // namespace cudenza::testing
