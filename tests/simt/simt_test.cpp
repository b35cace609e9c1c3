/// The harness itself: it computes right, and planted faults (a missing barrier, an off-by-one, a wrong shuffle mask, memory
/// read before it is written) are caught.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "kernels/common/launch.h"
#include "kernels/common/reduce.cuh"

namespace cudenza::kernels {
namespace {

constexpr int kBlocks = 3, kThreads = 128;
constexpr simt::Order kOrders[] = {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom};

enum class Fault { none, missing_barrier, off_by_one, wrong_shuffle_mask, read_before_write };

template <Fault fault> __global__ void block_sum_kernel(const float* x, float* sum) {
  constexpr int kWarps = kThreads / 32;
  SHARED_ARRAY(float, partial, kWarps);
  float v = x[blockIdx.x * blockDim.x + threadIdx.x];
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    if (fault == Fault::wrong_shuffle_mask && threadIdx.x % 32 >= 16) break;  // the upper half no longer takes part
    v += __shfl_xor_sync(kAllLanes, v, lanes);
  }
  if (threadIdx.x % 32 == 0 && fault != Fault::read_before_write) partial[threadIdx.x / 32 + (fault == Fault::off_by_one)] = v;
  if (fault != Fault::missing_barrier) __syncthreads();
  if (threadIdx.x == 0) sum[blockIdx.x] = partial[0] + partial[1] + partial[2] + partial[3];
}

// Odd lanes wait for the block, even lanes for the whole warp: neither can ever be complete.
constexpr int kPartLine = __LINE__ + 2;
__global__ void lanes_part_kernel() {
  if (threadIdx.x % 2) __syncthreads();
  else __syncwarp();
}

template <Fault fault> bool is_right(simt::Order order) {
  simt::set_order(order);
  std::vector<float> x(kBlocks * kThreads), sum(kBlocks, -1.0f);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17);
  launch<block_sum_kernel<fault>>(dim3(kBlocks), dim3(kThreads), 0, Gpu{}, x.data(), sum.data());
  for (int b = 0; b < kBlocks; ++b) {
    float expected = 0;
    for (int i = 0; i < kThreads; ++i) expected += x[b * kThreads + i];
    if (!(sum[b] == expected)) return false;
  }
  return true;
}

TEST(Simt, BlockSumIsExactInEveryOrder) {
  for (const auto order : kOrders) EXPECT_TRUE(is_right<Fault::none>(order));
}

TEST(Simt, MissingBarrierIsCaught) {
  EXPECT_FALSE(is_right<Fault::missing_barrier>(simt::Order::kForward));
  EXPECT_FALSE(is_right<Fault::missing_barrier>(simt::Order::kRandom));
}

TEST(Simt, ReadBeforeWriteIsCaught) {
  for (const auto order : kOrders) EXPECT_FALSE(is_right<Fault::read_before_write>(order));
}

TEST(Simt, WrongShuffleMaskThrows) {
  for (const auto order : kOrders) EXPECT_THROW(is_right<Fault::wrong_shuffle_mask>(order), std::logic_error);
}

TEST(Simt, DivergentBarrierThrowsAndNamesItsLines) {
  try {
    launch<lanes_part_kernel>(dim3(1), dim3(96), 0, Gpu{});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::logic_error& error) {
    EXPECT_EQ(std::string(error.what()),
              fmt::format("divergent barrier in block (0,0,0): 48 threads wait for the block at simt_test.cpp:{}, "
                          "48 threads wait for their warp at simt_test.cpp:{}, 0 have ended",
                          kPartLine, kPartLine + 1));
  }
  EXPECT_TRUE(is_right<Fault::none>(simt::Order::kForward));  // and the harness goes on working
}

TEST(SimtDeathTest, OffByOneInSharedMemoryIsCaught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(is_right<Fault::off_by_one>(simt::Order::kForward), "heap-buffer-overflow");
}

TEST(Simt, LaunchOutsideTheLimitsThrows) {
  EXPECT_THROW(launch<lanes_part_kernel>(dim3(1), dim3(1056), 0, Gpu{}), std::logic_error);
  EXPECT_THROW(launch<lanes_part_kernel>(dim3(1, 70000), dim3(32), 0, Gpu{}), std::logic_error);
}

// Every word of the emulation that kernels use, against what CUDA's guide says of it.
__global__ void warp_words_kernel(unsigned* ballot, int* broadcast) {
  const int lane = static_cast<int>(threadIdx.x);
  ballot[lane] = __ballot_sync(kAllLanes, lane % 3 == 0);
  broadcast[lane] = __shfl_sync(kAllLanes, lane * 7, 4);
}

TEST(Simt, WarpWordsDoWhatCudaSays) {
  std::vector<unsigned> ballot(32);
  std::vector<int> broadcast(32);
  launch<warp_words_kernel>(dim3(1), dim3(32), 0, Gpu{}, ballot.data(), broadcast.data());
  unsigned votes = 0;
  for (int lane = 0; lane < 32; lane += 3) votes |= 1u << lane;
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(ballot[lane], votes);
    EXPECT_EQ(broadcast[lane], 28);
  }
}

__global__ void many_block_sums_kernel(const float* x, float* sums) {
  for (int k = 0; k < 3; ++k) {
    const float total = block_sum(x[k * blockDim.x + threadIdx.x]);
    if (threadIdx.x == 0) sums[k] = total;
  }
}

TEST(Simt, BlockReduceMayBeCalledAgain) {
  std::vector<float> x(3 * 96), sums(3);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  for (const auto order : kOrders) {
    simt::set_order(order);
    launch<many_block_sums_kernel>(dim3(1), dim3(96), 0, Gpu{}, x.data(), sums.data());
    EXPECT_EQ(sums, (std::vector<float>{4560, 13776, 22992}));
  }
}

}  // namespace
}  // namespace cudenza::kernels
