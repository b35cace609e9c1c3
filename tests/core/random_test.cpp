/// The generator's names for its streams, its step counter, and going on after a restart.
#include "engine/core/random.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/core/gpu.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

const Device kCpu = Device::cpu();

std::array<uint32_t, 4> words(const kernels::RandomStream& stream) { return std::to_array(kernels::random4(stream, 0).word); }

TEST(Generator, NumbersTheOpsOfAStep) {
  Generator random(12);
  for (const uint32_t step : {0u, 1u, 2u}) {
    for (const uint32_t op : {0u, 1u, 2u}) {
      const OpStream stream = random.next(kCpu);
      EXPECT_EQ(stream.seed, 12u);
      EXPECT_EQ(stream.op, op);
      EXPECT_EQ(*stream.step, step);
    }
    random.advance_step();
  }
}

TEST(Generator, CountsStepsBeforeItsFirstDraw) {
  Generator random(1);
  random.advance_step();
  random.advance_step();
  EXPECT_EQ(*random.next(kCpu).step, 2u);
  EXPECT_EQ(random.state(), (Generator::State{.seed = 1, .step = 2}));
}

TEST(Generator, AStreamFollowsTheStep) {
  // As a captured step does: the stream is a value, the step number is read where it lives.
  Generator random(1);
  const OpStream stream = random.next(kCpu);
  const auto before = words(stream);
  random.advance_step();
  EXPECT_NE(words(stream), before);
  EXPECT_EQ(words(stream), words(random.next(kCpu)));
}

TEST(Generator, GoesOnFromASavedState) {
  Generator random(99);
  random.next(kCpu);
  for (int i = 0; i < 5; ++i) random.advance_step();
  const Generator::State saved = random.state();
  EXPECT_EQ(saved, (Generator::State{.seed = 99, .step = 5}));

  Generator fresh(0), used(3);
  const uint32_t* place = used.next(kCpu).step;
  used.advance_step();
  fresh.restore(saved);
  used.restore(saved);
  EXPECT_EQ(used.next(kCpu).step, place);  // a captured step goes on reading there
  used.restore(saved);
  for (int step = 0; step < 3; ++step) {
    for (int op = 0; op < 2; ++op) {
      const auto expected = words(random.next(kCpu));
      EXPECT_EQ(words(fresh.next(kCpu)), expected);
      EXPECT_EQ(words(used.next(kCpu)), expected);
    }
    random.advance_step(), fresh.advance_step(), used.advance_step();
  }
  EXPECT_EQ(fresh.state(), random.state());
}

TEST(Generator, EveryDeviceCountsAndTheFurthestIsSaved) {
  CUDENZA_NEEDS_GPU();
  Generator random(1);
  random.advance_step();
  const OpStream on_gpu = random.next(Device::cuda());
  random.next(kCpu);
  random.advance_step();
  EXPECT_EQ(on_gpu.step_counter.item(), 2);
  EXPECT_EQ(random.state().step, 2u);
  on_gpu.step_counter.copy_from(Tensor::full({1}, 40, DType::u32));  // as replays of a captured step would
  EXPECT_EQ(random.state().step, 40u);
  random.restore({.seed = 1, .step = 7});
  EXPECT_EQ(on_gpu.step_counter.item(), 7);
  EXPECT_EQ(*random.next(kCpu).step, 7u);
}

}  // namespace
}  // namespace cudenza::testing
