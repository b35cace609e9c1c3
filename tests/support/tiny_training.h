/// Three steps of training the small residual network on one tiny batch, eagerly or by replaying a captured step.
#pragma once
#include <vector>

#include "engine/core/gpu.h"
#include "engine/ops/softmax_xent.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/parameter_groups.h"
#include "tests/support/op_case.h"
#include "tests/support/residual_cnn.h"

namespace cudenza::testing {

inline std::vector<double> tiny_training_losses(Device device, bool captured) {
  const auto random = std::make_shared<Generator>(5);
  ResidualCnn net({.drop = 0.25, .random = random});
  net.initialize(*random);
  net.to(device);
  FlatParameters parameters({parameter_group("all", net)});
  Optimizer optimizer(parameters, Adam{.lr = 0.01});
  const Tensor pictures = make_inputs({{.shape = {4, 8, 8, 3}}}, DType::f32)[0].to(device);
  const Tensor labels = Tensor::from(std::vector<int64_t>{3, 1, 4, 1}, {4}).to(device);
  const Tensor last_loss = Tensor::zeros({}, DType::f32, device);
  const auto step = [&] {
    const Tensor loss = softmax_cross_entropy(net(pictures), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    random->advance_step();
    last_loss.copy_from(loss);
  };
  step();  // the first step makes what a capture may not: the generator's counter on the device, the libraries' plans
  std::vector<double> losses{last_loss.item()};
  if (captured) {
    const gpu::CapturedGraph graph(device.index(), step);
    for (int i = 0; i < 2; ++i) graph.replay(), losses.push_back(last_loss.item());
  } else {
    for (int i = 0; i < 2; ++i) step(), losses.push_back(last_loss.item());
  }
  return losses;
}

inline void expect_same_losses(const std::vector<double>& losses, const std::vector<double>& expected, double relative) {
  ASSERT_EQ(losses.size(), expected.size());
  for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], expected[i], relative * expected[i]) << "step " << i;
}

}  // namespace cudenza::testing
