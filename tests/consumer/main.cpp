#include "engine/nn/layers.h"
#include "engine/ops/operators.h"
#include "engine/ops/reduce.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/parameter_groups.h"
using namespace cudenza;

int main() {
  const Tensor x = Tensor::from(std::vector<float>{-2, -1, 0, 1, 2}, {5, 1}), y = 3 * x - 1;
  Linear line({.in = 1, .out = 1});
  FlatParameters parameters({parameter_group("line", line)});
  Optimizer optimizer(parameters, Sgd{.lr = 0.1});
  for (int step = 0; step < 300; ++step) {
    const Tensor error = line(x) - y;
    optimizer.zero_grad();
    mean(error * error).backward();
    optimizer.step();
  }
  fmt::print("weight {}\nbias {}\n", line.weight, line.bias);
}
