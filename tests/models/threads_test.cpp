/// A training step that must repeat does so on any number of threads: the same loss, gradients and statistics to the bit.
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "engine/libraries/math_mode.h"
#include "engine/nn/init.h"
#include "engine/ops/cast.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/softmax_xent.h"
#include "models/registry.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

/// All gradients, and the running statistics, after one step's passes on so many threads.
std::vector<NamedTensor> after_step(std::string_view arch, DType dtype, int threads) {
  omp_set_num_threads(threads);
  const auto random = std::make_shared<Generator>(7);
  const auto network = make_network(arch, {.classes = 3, .head = HeadKind::fastai, .random = random});
  Generator initial(8);
  network->initialize(initial);
  std::vector<float> pixels;
  for (int i = 0; i < 5 * 64 * 64 * 3; ++i) pixels.push_back(std::sin(0.1f * static_cast<float>(i * i % 1009)));
  const Tensor x = Tensor::from(pixels, {5, 64, 64, 3}).to(dtype),
               labels = Tensor::from(std::vector<int64_t>{0, 1, 2, 0, 1}, {5});
  const Tensor loss = softmax_cross_entropy(cast((*network)(x), DType::f32), labels);
  loss.backward();
  std::vector<NamedTensor> all{{"loss", loss.detach()}};
  for (const NamedTensor& p : network->named_parameters()) all.push_back({p.name, p.tensor.grad()});
  for (const NamedTensor& b : network->named_buffers()) all.push_back(b);
  return all;
}

class Threads : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Threads, ChangeNoBitOfADeterministicStep) {
  const int before = omp_get_max_threads();
  const ExactMath exact;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const std::vector<NamedTensor> first = after_step(GetParam(), dtype, 1);
    for (const int threads : {2, 5}) {
      const std::vector<NamedTensor> again = after_step(GetParam(), dtype, threads);
      for (size_t i = 0; i < first.size(); ++i)
        ASSERT_TRUE(is_close(again[i].tensor, first[i].tensor, {0, 0}))
            << first[i].name << " on " << threads << " threads in " << name_of(dtype);
    }
  }
  omp_set_num_threads(before);
}

INSTANTIATE_TEST_SUITE_P(Some, Threads, ::testing::Values("alexnet", "resnet34", "resnet50"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace cudenza::testing
