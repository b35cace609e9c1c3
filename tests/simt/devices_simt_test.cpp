/// Several devices in one process: each has its own memory and its own order of work, and waits for another only where it is told
/// to. Devices are as late as can be here, so that a missing wait shows.
#include <gtest/gtest.h>

#include "engine/ops/pointwise.h"
#include "tests/support/late_devices.h"
#include "tests/support/messages.h"
#include "tests/support/thread_link.h"
#include "tests/train/device_training.h"

namespace cudenza::testing {
namespace {

const Device kFirst = Device::cuda(0), kSecond = Device::cuda(1);

std::vector<float> floats(const Tensor& t) { return t.to_vector<float>(); }

class Devices : public ::testing::Test {
  const LateDevices late_;
};

TEST_F(Devices, ACopyWaitsForWhatMakesItsSource) {
  const Tensor x = Tensor::full({3}, 2, DType::f32, kFirst), y = scale(x, 3).to(kSecond);
  EXPECT_EQ(y.device(), kSecond);
  EXPECT_EQ(floats(y), (std::vector<float>{6, 6, 6}));
}

TEST_F(Devices, ASourceIsNotOverwrittenBeforeItIsCopied) {
  const Tensor x = Tensor::full({3}, 2, DType::f32, kFirst), y = x.to(kSecond);
  x.fill_zero();
  EXPECT_EQ(floats(x), (std::vector<float>{0, 0, 0}));  // its device is done, and the other has not begun
  EXPECT_EQ(floats(y), (std::vector<float>{2, 2, 2}));
}

TEST_F(Devices, ASourceIsNotReleasedBeforeItIsCopied) {
  Tensor y;
  {
    const Tensor x = Tensor::full({3}, 2, DType::f32, kFirst);
    y = x.to(kSecond);
  }
  gpu::synchronize(0);
  EXPECT_EQ(floats(y), (std::vector<float>{2, 2, 2}));
}

TEST_F(Devices, ATargetIsNotReadBeforeItIsWritten) {
  const Tensor x = Tensor::full({3}, 2, DType::f32, kFirst), y = Tensor::zeros({3}, DType::f32, kSecond);
  y.copy_from(x);
  const Tensor back = scale(y, 5).to(kFirst);
  y.copy_from(Tensor::full({3}, 7, DType::f32, kFirst));
  EXPECT_EQ(floats(back), (std::vector<float>{10, 10, 10}));
  EXPECT_EQ(floats(y), (std::vector<float>{7, 7, 7}));
}

TEST_F(Devices, AReplayIsItsOwnDevicesWork) {
  const Tensor x = Tensor::full({2}, 1, DType::f32, kSecond), y = Tensor::zeros({2}, DType::f32, kSecond);
  const gpu::CapturedGraph graph(1, [&] { y.copy_from(add(y, x)); });
  const Tensor other = Tensor::full({2}, 4, DType::f32, kFirst);  // makes the first device current
  const gpu::Activity before = gpu::activity(0);
  graph.replay(), graph.replay();
  EXPECT_EQ((gpu::activity(0) - before).replays, 0);
  EXPECT_EQ(floats(y.to(kFirst)), (std::vector<float>{2, 2}));
  EXPECT_EQ(floats(other), (std::vector<float>{4, 4}));
}

TEST_F(Devices, ACaptureHoldsTheWorkOfOneDevice) {
  const Tensor x = Tensor::full({2}, 1, DType::f32, kFirst), y = Tensor::zeros({2}, DType::f32, kSecond);
  const auto capture = [](const std::function<void()>& work) { const gpu::CapturedGraph graph(0, work); };
  expect_says(message_of<std::logic_error>([&] { capture([&] { y.copy_from(x); }); }), "copied from cuda:0 to cuda:1");
  expect_says(message_of<std::logic_error>([&] { capture([&] { scale(y, 2); }); }), "makes a tensor on cuda:1");
  Tensor older = Tensor::zeros({2}, DType::f32, kSecond);
  capture([&] { older = {}; });  // is none of the graph's
  EXPECT_EQ(floats(y), (std::vector<float>{0, 0}));
}

TEST_F(Devices, HaveAMemoryEach) {
  const size_t first = gpu::memory_use(0).now_bytes, second = gpu::memory_use(1).now_bytes;
  const Tensor x = Tensor::zeros({100}, DType::f32, kSecond);
  EXPECT_EQ(gpu::memory_use(0).now_bytes, first);
  EXPECT_EQ(gpu::memory_use(1).now_bytes, second + 400);
}

TEST_F(Devices, SumBroadcastAndGather) {
  as_ranks<DeviceRanks>(2, [](const auto& ranks) {
    const Device own = Device::cuda(ranks->rank());
    const Tensor t = Tensor::full({3}, ranks->rank() + 1, DType::f32, own), rows = Tensor::full({3, 2}, 7, DType::f32, own);
    ranks->sum(t);
    EXPECT_EQ(floats(scale(t, 2)), (std::vector<float>{6, 6, 6}));
    const Tensor first = Tensor::full({2}, ranks->rank() + 1, DType::f32, own);
    ranks->broadcast(first);
    EXPECT_EQ(floats(first), (std::vector<float>{1, 1}));
    const Share share = ranks->share(3);
    rows.slice(share.begin * 2, {share.count, 2}).copy_from(Tensor::full({share.count, 2}, ranks->rank(), DType::f32, own));
    ranks->gather(rows);
    EXPECT_EQ(floats(rows), (std::vector<float>{0, 0, 0, 0, 1, 1}));
  });
}

struct Trained {
  std::vector<double> losses, judged;
  std::vector<std::vector<float>> state;
  int64_t replays = 0;
  bool operator==(const Trained&) const = default;
};

Trained train_on(Device device, const Recipe& recipe, const std::shared_ptr<Ranks>& ranks) {
  const auto replays = [&] { return device.is_cuda() ? gpu::activity(device.index()).replays : 0; };
  const int64_t before = replays();
  DeviceTraining training(device, recipe, DType::f32, ranks);
  Trained trained{.losses = training.train(), .judged = training.judge(), .state = {}};
  for (const auto& [name, tensor] : training.net.state_dict()) trained.state.push_back(floats(tensor));
  trained.replays = replays() - before;
  return trained;
}

std::array<Trained, 2> train_on_both(const Recipe& recipe) {
  std::array<Trained, 2> trained;
  as_ranks<DeviceRanks>(2, [&](const auto& ranks) {
    trained[static_cast<size_t>(ranks->rank())] = train_on(Device::cuda(ranks->rank()), recipe, ranks);
  });
  return trained;
}

/// Two devices have each the same bits, late or not, and one device's results but for rounding.
void check_both(const Recipe& recipe) {
  std::array<Trained, 2> late;
  {
    const LateDevices slow;
    late = train_on_both(recipe);
  }
  EXPECT_EQ(late[0], late[1]);
  EXPECT_GT(late[0].replays, 2);
  EXPECT_EQ(late, train_on_both(recipe));
  if (!recipe.sync_batch_norm) return;  // statistics of half a batch are others
  const Trained alone = train_on(kSecond, recipe, nullptr);
  expect_near(late[0].losses, alone.losses, 1e-3);
  expect_near(late[0].judged, alone.judged, 1e-3);
}

TEST(TwoDevices, TrainAsOneDoes) {
  Recipe recipe = everything();
  recipe.sync_batch_norm = true;
  check_both(recipe);
}

TEST(TwoDevices, TrainToTheSameBitsWithStatisticsOfTheirOwn) {
  Recipe recipe = everything();
  recipe.plan = Plan::one_cycle;
  recipe.max_norm = 1;
  recipe.accumulate = 2;
  check_both(recipe);
}

}  // namespace
}  // namespace cudenza::testing
