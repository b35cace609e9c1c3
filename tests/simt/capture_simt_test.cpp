/// Captures keep what was enqueued, with the values of that moment, and refuse what a replay could not do again.
#include <gtest/gtest.h>

#include <cstdio>
#include <stdexcept>

#include "engine/core/gpu.h"
#include "engine/ops/pointwise.h"

namespace cudenza::testing {
namespace {

const Device kGpu = Device::cuda();

std::vector<float> floats(const Tensor& t) { return t.to_vector<float>(); }

TEST(Capture, DoesNothingUntilItIsReplayed) {
  const Tensor x = Tensor::full({3}, 2, DType::f32, kGpu), y = Tensor::zeros({3}, DType::f32, kGpu);
  const gpu::CapturedGraph graph(0, [&] { y.copy_from(scale(x, 3)); });
  EXPECT_EQ(floats(y), (std::vector<float>{0, 0, 0}));
  graph.replay();
  EXPECT_EQ(floats(y), (std::vector<float>{6, 6, 6}));
  x.copy_from(Tensor::from(std::vector<float>{1, 2, 3}, {3}));
  graph.replay();
  EXPECT_EQ(floats(y), (std::vector<float>{3, 6, 9}));
}

TEST(Capture, KeepsTheHostsNumbersAsTheyWere) {
  const Tensor x = Tensor::full({1}, 1, DType::f32, kGpu), y = Tensor::zeros({1}, DType::f32, kGpu);
  double factor = 5;
  const gpu::CapturedGraph graph(0, [&] { y.copy_from(scale(x, factor)); });
  factor = 7;
  graph.replay();
  EXPECT_EQ(floats(y)[0], 5);
}

TEST(Capture, RefusesCopiesBetweenHostAndDevice) {
  const Tensor on_gpu = Tensor::zeros({2}, DType::f32, kGpu), on_cpu = Tensor::zeros({2}, DType::f32);
  EXPECT_THROW(gpu::CapturedGraph(0, [&] { on_gpu.copy_from(on_cpu); }), std::logic_error);
  EXPECT_THROW(gpu::CapturedGraph(0, [&] { on_cpu.copy_from(on_gpu); }), std::logic_error);
  EXPECT_THROW(gpu::CapturedGraph(0, [&] { static_cast<void>(on_gpu.slice(0, {}).item()); }), std::logic_error);
  EXPECT_FALSE(gpu::is_capturing());
  on_gpu.copy_from(on_cpu);  // the device is as usable as before
}

TEST(Capture, RefusesTensorsThatOutliveIt) {
  Tensor kept;
  EXPECT_THROW(gpu::CapturedGraph(0, [&] { kept = Tensor::zeros({8}, DType::f32, kGpu); }), std::logic_error);
}

TEST(Capture, KeepsWhatItsWorkLetGo) {
  Tensor x = Tensor::full({4}, 2, DType::f32, kGpu);
  const Tensor y = Tensor::zeros({4}, DType::f32, kGpu);
  const size_t before = gpu::memory_use(0).now_bytes;
  {
    const gpu::CapturedGraph graph(0, [&] {
      y.copy_from(scale(x, 2));
      x = {};
    });
    const Tensor others = Tensor::full({4}, 100, DType::f32, kGpu);
    graph.replay();
    EXPECT_EQ(floats(y), (std::vector<float>{4, 4, 4, 4}));
    EXPECT_EQ(gpu::memory_use(0).now_bytes, before + others.bytes());
  }
  EXPECT_EQ(gpu::memory_use(0).now_bytes, before - 16);
}

// loss.backward() began with a 1 that was copied from the host: a replay would have read memory that was long somebody else's.
TEST(Capture, ABackwardPassNeedsNothingFromTheHost) {
  const Tensor w = Tensor::full({}, 3, DType::f32, kGpu), gradient = Tensor::zeros({}, DType::f32, kGpu);
  w.set_grad(gradient);
  w.set_requires_grad(true);
  const gpu::CapturedGraph graph(0, [&] { mul(w, w).backward(); });
  graph.replay();
  graph.replay();
  EXPECT_EQ(gradient.item(), 12);
}

TEST(DeviceMemoryDeathTest, IsShutToTheHost) {
  const Tensor x = Tensor::zeros({4}, DType::f32, kGpu);
  EXPECT_DEATH(std::puts(x.data<float>()[1] == 0 ? "read" : "read something else"), "use-after-poison");
}

}  // namespace
}  // namespace cudenza::testing
