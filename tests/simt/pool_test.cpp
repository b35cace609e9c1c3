/// What an OpCase cannot say of the pooling and dropout kernels: results repeat bit for bit in every thread order, few
/// windows are cut in slices, masks are the CPU's, and a captured step draws anew.
#include "engine/ops/pool.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "engine/core/gpu.h"
#include "engine/ops/dropout.h"
#include "kernels/dropout/dropout.h"
#include "kernels/pool/pool_slices.h"
#include "kernels/simt/simt.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

constexpr simt::Order kOrders[] = {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom};
const Device kGpu = Device::cuda();

/// y and dx of an op on the "GPU".
std::pair<std::vector<double>, std::vector<double>> forward_and_back(const Tensor& on_host,
                                                                     const std::function<Tensor(const Tensor&)>& op) {
  const Tensor x = on_host.to(kGpu);
  x.set_requires_grad(true);
  const Tensor y = op(x);
  y.backward(Tensor::from(output_weights(y.numel()), y.shape()).to(y.dtype()).to(kGpu));
  return {y.to_vector<double>(), x.grad().to_vector<double>()};
}

TEST(PoolKernels, RepeatBitForBitInEveryOrder) {
  const Tensor x = make_inputs({{.shape = {1, 13, 17, 8}}}, DType::f32)[0];
  const std::function<Tensor(const Tensor&)> ops[] = {
      [](const Tensor& t) { return max_pool2d(t, {.kernel = 3, .stride = 2, .pad = 1}); },
      [](const Tensor& t) { return avg_pool2d(t, {.kernel = 5, .stride = 2, .pad = 2}); },
      [](const Tensor& t) { return adaptive_max_pool2d(t, 1, 1); },  // slices, joined by a second kernel
      [](const Tensor& t) { return avg_pool2d(t, {.kernel = 13, .pad = 3}); },
      [](const Tensor& t) { return adaptive_avg_pool2d(t, 1, 1); },
      [](const Tensor& t) { return adaptive_avg_pool2d(t, 2, 3); },
  };
  for (const auto& op : ops) {
    simt::set_order(simt::Order::kForward);
    const auto first = forward_and_back(x, op);
    for (const auto order : kOrders) {
      simt::set_order(order);
      EXPECT_EQ(forward_and_back(x, op), first);
    }
  }
}

TEST(PoolKernels, SlicesAreTakenWhereFewWindowsHoldManyPixels) {
  using Pictures = kernels::PoolShape<kernels::AdaptiveSide>;
  const auto slices = [](int batch, int side, int out, int channels) {
    return kernels::pool_slices(Pictures{batch, {side, out}, {side, out}, channels});
  };
  EXPECT_EQ(slices(256, 14, 7, 512), 0);   // four pixels each
  EXPECT_EQ(slices(4096, 7, 1, 2048), 0);  // enough windows to fill a device by one thread each
  EXPECT_EQ(slices(256, 7, 1, 2048), 1);   // a block each
  EXPECT_EQ(slices(1, 1024, 1, 64), 512);  // many blocks
  EXPECT_EQ(kernels::pool_workspace_bytes(Pictures{256, {7, 1}, {7, 1}, 2048}), 0u);
  EXPECT_EQ(kernels::pool_workspace_bytes(Pictures{1, {1024, 1}, {1024, 1}, 64}), 512u * 64 * 8);
}

TEST(PoolKernels, TiesAndNaNsAreTheCpusAcrossSlices) {
  // 221 pixels of one window in several slices, each of many threads: full of ties, with NaNs in every third channel.
  std::vector<float> values(13 * 17 * 6);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 && i % 39 == 0 ? NAN : static_cast<float>(i * 7 % 11);
  const auto winners = [&](Device device) {
    const Tensor x = Tensor::from(values, {1, 13, 17, 6}, device);
    x.set_requires_grad(true);
    adaptive_max_pool2d(x, 1, 1).backward(Tensor::full({1, 1, 1, 6}, 1, DType::f32, device));
    return x.grad().to_vector<float>();
  };
  for (const auto order : kOrders) {
    simt::set_order(order);
    EXPECT_EQ(winners(kGpu), winners(Device::cpu()));
  }
}

// Nothing is larger than what a maximum begins with: the first pixel has the gradient then.
TEST(PoolKernels, TheFirstOfNothingButMinusInfinityWins) {
  simt::set_order(simt::Order::kForward);
  for (const int64_t side : {3, 40}) {
    const Tensor x = Tensor::full({1, side, side, 2}, -INFINITY, DType::f32, kGpu);
    x.set_requires_grad(true);
    adaptive_max_pool2d(x, 1, 1).backward(Tensor::full({1, 1, 1, 2}, 1, DType::f32, kGpu));
    std::vector<float> expected(static_cast<size_t>(side * side * 2));
    expected[0] = expected[1] = 1;
    EXPECT_EQ(x.grad().to_vector<float>(), expected) << side;
  }
}

TEST(DropoutKernels, DropWhatTheCpuDrops) {
  for (const int64_t count : {1, 5, 64, 1027}) {
    for (const auto op : {dropout, drop_path}) {
      Generator random(6), same(6);
      const Tensor x = Tensor::full({count, 3}, 1, DType::bf16);
      for (int step = 0; step < 2; ++step) {
        EXPECT_EQ(op(x, 0.5, random).to_vector<float>(), op(x.to(kGpu), 0.5, same).to_vector<float>());
        random.advance_step(), same.advance_step();
      }
    }
  }
}

// dropout.h: unused bits of the last byte are 0.
TEST(DropoutKernels, LeaveTheCpusMask) {
  for (const int64_t count : {1, 7, 37, 1027}) {
    const std::vector<float> x(static_cast<size_t>(count), 1);
    const auto mask = [&](auto where) {
      std::vector<float> y(x.size());
      std::vector<uint8_t> bits(static_cast<size_t>(kernels::dropout_mask_bytes(count)));
      kernels::dropout_forward(where, x.data(), y.data(), bits.data(), count, 0.25, {.seed = 3, .op = 1, .step = nullptr});
      return bits;
    };
    EXPECT_EQ(mask(kernels::Gpu{}), mask(kernels::Cpu{})) << count;
  }
}

TEST(DropoutKernels, ACapturedStepDrawsAnewAtEachReplay) {
  Generator random(6), eager(6);
  const Tensor x = Tensor::full({500}, 1, DType::f32, kGpu), y = Tensor::zeros({500}, DType::f32, kGpu);
  const auto step = [&](Generator& generator) {
    y.copy_from(dropout(x, 0.5, generator));
    generator.advance_step();
    return y.to_vector<float>();
  };
  std::vector<std::vector<float>> expected;
  for (int i = 0; i < 4; ++i) expected.push_back(step(eager));
  EXPECT_EQ(step(random), expected[0]);
  const gpu::CapturedGraph graph(kGpu.index(), [&] {
    y.copy_from(dropout(x, 0.5, random));
    random.advance_step();
  });
  random.restore({.seed = 6, .step = 1});  // the harness may have run the work while capturing it; a graph would not
  for (int i = 1; i < 4; ++i) {
    graph.replay();
    EXPECT_EQ(y.to_vector<float>(), expected[static_cast<size_t>(i)]) << "step " << i;
  }
  EXPECT_EQ(random.state().step, 4u);
}

}  // namespace
}  // namespace cudenza::testing
