/// A prepared network on a device: passes with a batch's shape become one graph, which gives what the modules give.
#include <gtest/gtest.h>

#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/nn/prepared.h"
#include "tests/support/compare.h"
#include "tests/support/residual_cnn.h"

namespace cudenza::testing {
namespace {

TEST(PreparedOnDevice, ReplaysOneGraphForEachShape) {
  const NoGrad no_grad;
  const auto random = std::make_shared<Generator>(3);
  ResidualCnn network({.random = random});
  network.initialize(*random);
  network.to(Device::cuda());
  network.train(false);
  std::vector<Tensor> batches, expected, results;
  for (const int64_t count : {2, 2, 2, 1, 1, 1, 2, 3, 4, 1}) {
    const Tensor four =
        scale(make_inputs({{.shape = {4, 12, 12, 3}}}, DType::f32)[0], 1 + 0.1 * static_cast<double>(batches.size()));
    batches.push_back(four.slice(0, {count, 12, 12, 3}).to(Device::cuda()));
    expected.push_back(network(batches.back()));
  }
  const auto before = gpu::activity(0).replays;
  {
    Prepared prepared(network);
    for (const Tensor& x : batches) results.push_back(prepared(x));
  }
  for (size_t i = 0; i < batches.size(); ++i)
    EXPECT_TRUE(is_close(results[i].to(Device::cpu()), expected[i].to(Device::cpu()), kernel_against_cpu(DType::f32), 4)) << i;
  // A shape's first pass finds the libraries' plans; the last batch's shape had been forgotten for newer ones.
  EXPECT_EQ(gpu::activity(0).replays - before, 2 + 2 + 1);
  EXPECT_FALSE(network.folded());
}

}  // namespace
}  // namespace cudenza::testing
