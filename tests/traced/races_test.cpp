/// The race detector itself: races that are planted are found, with both places and threads, and what is ordered is left alone.
/// Compiled with -fsanitize=thread, as the kernels are.
#include "kernels/simt/races.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/common/launch.h"

namespace cudenza::kernels {
namespace {

constexpr unsigned kThreads = 96;

enum class Fault { none, shared, global, blocks, warp, half_a_warp, own_byte };

/// Each thread hands a number to another one; `fault` says how that goes wrong.
template <Fault fault> __global__ void hand_over_kernel(const float* x, float* y) {
  SHARED_ARRAY(float, given, kThreads);
  const unsigned me = threadIdx.x, block = blockIdx.x * kThreads;
  given[me] = x[block + me];
  if (fault != Fault::shared) __syncthreads();
  const float got = given[(me + 1) % kThreads];
  y[block + me] = got;
  if (fault == Fault::global && me > 0) y[block + me - 1] += 1;
  if (fault == Fault::blocks && me == 0) y[gridDim.x * kThreads] = got;
}

/// The same within a warp, which meets at shuffles and __syncwarp.
template <Fault fault> __global__ void within_warp_kernel(const float* x, float* y) {
  SHARED_ARRAY(float, given, kThreads);
  const unsigned me = threadIdx.x, first = me / 32 * 32, lane = me % 32;
  given[me] = x[me];
  if (fault == Fault::none) __syncwarp();
  if (fault == Fault::half_a_warp) __syncwarp(lane < 16 ? 0x0000FFFFu : 0xFFFF0000u);
  y[me] = given[first + (lane + 1) % 32];
}

/// Bytes that lie in one word.
__global__ void bytes_kernel(const uint8_t* x, uint8_t* y) { y[threadIdx.x] = static_cast<uint8_t>(x[threadIdx.x] + 1); }

template <auto kernel> std::string race_of(unsigned blocks = 1) {
  const simt::RaceDetector races;
  std::vector<float> x(blocks * kThreads, 1.0f), y(x.size() + 1);
  try {
    launch<kernel>(dim3(blocks), dim3(kThreads), 0, Gpu{}, static_cast<const float*>(x.data()), y.data());
  } catch (const std::logic_error& error) {
    return error.what();
  }
  EXPECT_GE(races.accesses(), 4u * blocks * kThreads);
  return "";
}

TEST(Races, WhatIsOrderedIsLeftAlone) {
  EXPECT_EQ(race_of<hand_over_kernel<Fault::none>>(3), "");
  EXPECT_EQ(race_of<within_warp_kernel<Fault::none>>(), "");
  const simt::RaceDetector races;
  std::vector<uint8_t> x(kThreads), y(kThreads);
  EXPECT_NO_THROW(launch<bytes_kernel>(dim3(1), dim3(kThreads), 0, Gpu{}, static_cast<const uint8_t*>(x.data()), y.data()));
  EXPECT_EQ(y[kThreads - 1], 1);
}

TEST(Races, AreFoundInAnyOrderOfThreads) {
  for (const auto order : {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom}) {
    simt::set_order(order);
    EXPECT_NE(race_of<hand_over_kernel<Fault::shared>>(), "");
    EXPECT_NE(race_of<hand_over_kernel<Fault::global>>(), "");
    EXPECT_NE(race_of<within_warp_kernel<Fault::warp>>(), "") << "lanes of a warp do not wait for each other by themselves";
    EXPECT_NE(race_of<within_warp_kernel<Fault::half_a_warp>>(), "") << "lane 16 has not met lane 15";
  }
  simt::set_order(simt::Order::kForward);
}

TEST(Races, OfDifferentBlocksAreFound) {
  EXPECT_EQ(race_of<hand_over_kernel<Fault::blocks>>(1), "");
  EXPECT_NE(race_of<hand_over_kernel<Fault::blocks>>(2), "");
}

TEST(Races, AreNamedByPlaceAndThreads) {
  simt::set_order(simt::Order::kForward);
  const std::string text = race_of<hand_over_kernel<Fault::shared>>();
  for (const char* words :
       {"race in ", "hand_over_kernel<", "thread 0 ", "reads at ", "writes at ", "races_test.cpp:", "of the same block"})
    EXPECT_NE(text.find(words), std::string::npos) << words << " in " << text;
  EXPECT_NE(race_of<hand_over_kernel<Fault::blocks>>(2).find("of another block"), std::string::npos);
}

}  // namespace
}  // namespace cudenza::kernels
