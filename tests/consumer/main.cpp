/// y = relu(x), and the gradient of y's elements, weighted, with respect to x.
#include <cstdio>

#include "engine/core/tensor.h"
#include "engine/ops/pointwise.h"

int main() {
  using namespace cudenza;
  const Tensor x = Tensor::from(std::vector<float>{-1, 2, -3, 4}, {2, 2});
  x.set_requires_grad(true);
  const Tensor y = relu(x);
  y.backward(Tensor::from(std::vector<float>{10, 20, 30, 40}, {2, 2}));
  std::printf("y");
  for (const float v : y.to_vector<float>()) std::printf(" %g", v);
  std::printf(", dx");
  for (const float v : x.grad().to_vector<float>()) std::printf(" %g", v);
  std::printf("\n");
}
