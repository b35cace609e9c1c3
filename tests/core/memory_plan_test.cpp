/// What a MemoryPlan gives out: places that nothing else has at that time, and the pool's memory where it cannot know.
#include "engine/core/memory_plan.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "engine/core/tensor.h"

namespace cudenza::testing {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kServes = false;
#else
constexpr bool kServes = true;
#endif

Tensor bytes(int64_t count) { return Tensor::empty({count}, DType::u8); }

TEST(MemoryPlan, GivesArraysThatMeetPlacesOfTheirOwn) {
  MemoryPlan plan;
  std::mt19937 random(3);
  for (int turn = 0; turn < 5; ++turn) {
    random.seed(3);  // the same arrays in every run
    plan.run([&] {
      std::vector<std::pair<Tensor, uint8_t>> living;
      for (int i = 0; i < 300; ++i) {
        if (living.size() > 7 || (i % 3 == 2 && !living.empty())) {
          const size_t k = random() % living.size();
          for (const uint8_t byte : living[k].first.span<uint8_t>()) ASSERT_EQ(byte, living[k].second) << "turn " << turn;
          living.erase(living.begin() + static_cast<std::ptrdiff_t>(k));
        } else {
          const Tensor t = bytes(1 + static_cast<int64_t>(random() % 100'000));
          std::memset(t.raw(), i % 251, t.bytes());
          EXPECT_EQ(reinterpret_cast<uintptr_t>(t.raw()) % 64, 0u);
          living.emplace_back(t, static_cast<uint8_t>(i % 251));
        }
      }
    });
  }
  EXPECT_GT(plan.bytes(), 0u);
  EXPECT_LT(plan.bytes(), 8u * 100'000 + 8 * 64);  // not the sum of 200
}

TEST(MemoryPlan, ServesLaterRunsFromOneBlock) {
  MemoryPlan plan;
  const auto run = [&] {
    return plan.run([] {
      std::vector<void*> places;
      for (int i = 0; i < 4; ++i) places.push_back(bytes(1 << 20).raw());  // one after another
      return places;
    });
  };
  run();
  EXPECT_EQ(plan.bytes(), size_t{1} << 20);
  const auto second = run(), third = run();
  if (!kServes) return;
  EXPECT_EQ(second, third);
  EXPECT_EQ(std::vector<void*>(4, second[0]), second);
}

TEST(MemoryPlan, LeavesWhatOutlivesTheRunToThePool) {
  MemoryPlan plan;
  std::vector<Tensor> results;
  for (int i = 0; i < 4; ++i) {
    results.push_back(plan.run([&] {
      const Tensor inner = bytes(5000), y = bytes(1000);
      std::memset(inner.raw(), 77, inner.bytes());
      std::memset(y.raw(), i, y.bytes());
      return y;
    }));
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(results[static_cast<size_t>(i)].to_vector<int64_t>(), std::vector<int64_t>(1000, i));
}

TEST(MemoryPlan, StartsAnewWhereARunAsksForOtherArrays) {
  MemoryPlan plan;
  const auto run = [&](int64_t size, uint8_t value) {
    return plan.run([=] {
      const Tensor a = bytes(size), b = bytes(2 * size);
      std::memset(a.raw(), value, a.bytes());
      std::memset(b.raw(), value + 1, b.bytes());
      return a.span<uint8_t>()[0] + b.span<uint8_t>().back();
    });
  };
  for (const int64_t size : {1000, 1000, 1000, 70'000, 70'000, 70'000, 10, 10, 10}) EXPECT_EQ(run(size, 9), 19);
  EXPECT_EQ(plan.bytes(), 64u + 64u);
}

TEST(MemoryPlan, NeverOverwritesAnArrayThatWasKeptAgainstThePlan) {
  MemoryPlan plan;
  Tensor kept;
  const auto run = [&](bool keeps, int value) {
    plan.run([&] {
      const Tensor t = bytes(3000);
      std::memset(t.raw(), value, t.bytes());
      if (keeps) kept = t;
    });
  };
  run(false, 1), run(false, 2);
  run(true, 3);  // noted as let go
  for (const int value : {4, 5, 6}) run(false, value);
  EXPECT_EQ(kept.to_vector<int64_t>(), std::vector<int64_t>(3000, 3));
}

TEST(MemoryPlan, SurvivesARunThatThrows) {
  MemoryPlan plan;
  const auto run = [&](bool throws) {
    plan.run([&] {
      const Tensor a = bytes(100);
      if (throws) throw std::runtime_error("in the middle");
      const Tensor b = bytes(200);
    });
  };
  for (const bool throws : {true, false, false, true, false, false}) {
    if (throws) EXPECT_THROW(run(true), std::runtime_error);
    else run(false);
  }
  EXPECT_EQ(MemoryPlan::active(), nullptr);
}

}  // namespace
}  // namespace cudenza::testing
