/// The profiler's counts of kernels whose counts are known by thought. Compiled with -fsanitize=thread, as the kernels are.
#include "kernels/simt/profiler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/common/launch.h"
#include "kernels/simt/source_lines.h"

namespace cudenza::kernels {
namespace {

constexpr unsigned kWarp = 32;

struct alignas(16) Four {
  float v[4];
};

__global__ void strided_kernel(const float* x, float* y, unsigned stride, unsigned first) {
  y[threadIdx.x] = x[first + threadIdx.x * stride];
}
__global__ void packed_kernel(const Four* x, Four* y) { y[threadIdx.x] = x[threadIdx.x]; }
__global__ void halves_kernel(const float* x, float* y) {
  if (threadIdx.x % 2 == 0) y[threadIdx.x] = x[threadIdx.x];
}
__global__ void again_kernel(float* x) {
  for (int i = 0; i < 3; ++i) x[threadIdx.x] += 1;
}
/// A column of a tile that is `pitch` wide.
__global__ void column_kernel(float* y, unsigned pitch) {
  float* tile = dynamic_shared<float>();
  for (unsigned i = 0; i < kWarp; ++i) tile[i * pitch + threadIdx.x] = static_cast<float>(i);
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x * pitch];
}
__global__ void shared_pack_kernel(Four* y) {
  SHARED_ARRAY(Four, packs, kWarp);
  packs[threadIdx.x] = {};
  __syncthreads();
  y[threadIdx.x] = packs[threadIdx.x];
}

alignas(4096) Four memory[2048];
float* const x = memory[0].v;
float* const y = memory[1024].v;

template <auto kernel, class... Args> simt::KernelProfile profiled(unsigned blocks, size_t shared, Args... args) {
  simt::Profiler profiler;
  launch<kernel>(dim3(blocks), dim3(kWarp), shared, Gpu{}, args...);
  EXPECT_EQ(profiler.kernels().size(), 1u);
  return profiler.kernels().begin()->second;
}

simt::Requests part(const simt::KernelProfile& kernel, simt::Space space, bool writes) {
  simt::Requests all;
  for (const auto& [address, place] : kernel.places)
    if (place.space == space && place.writes == writes) all.add(place.requests);
  return all;
}
simt::Requests loads(const simt::KernelProfile& kernel, simt::Space space = simt::Space::global) {
  return part(kernel, space, false);
}

TEST(Profiler, SectorsOfARequest) {
  const float* from = x;
  struct Case {
    unsigned stride, first, sectors, least;
  };
  for (const Case c :
       {Case{1, 0, 4, 4}, Case{1, 1, 5, 4}, Case{2, 0, 8, 4}, Case{8, 0, 32, 4}, Case{64, 0, 32, 4}, Case{0, 0, 1, 1}}) {
    const auto kernel = profiled<strided_kernel>(1, 0, from, y, c.stride, c.first);
    EXPECT_EQ(loads(kernel).served, c.sectors) << c.stride << ' ' << c.first;
    EXPECT_EQ(loads(kernel).least, c.least) << c.stride << ' ' << c.first;
    EXPECT_EQ(loads(kernel).count, 1u);
    EXPECT_EQ(loads(kernel).lanes, 32u);
    EXPECT_EQ(kernel.bytes_read, 32u * c.sectors);
    EXPECT_EQ(kernel.bytes_written, 128u);
  }
}

TEST(Profiler, PacksOfSixteenBytes) {
  const auto kernel = profiled<packed_kernel>(1, 0, static_cast<const Four*>(memory), memory + 1024);
  EXPECT_EQ(loads(kernel).served, 16u);
  EXPECT_EQ(loads(kernel).efficiency(), 1);
  EXPECT_EQ(loads(kernel).bytes, 512u);
}

TEST(Profiler, LanesThatSleepAreNotCounted) {
  const auto kernel = profiled<halves_kernel>(1, 0, static_cast<const float*>(x), y);
  EXPECT_EQ(loads(kernel).lanes, 16u);
  EXPECT_EQ(loads(kernel).served, 4u);
  EXPECT_EQ(loads(kernel).least, 2u) << "64 bytes fit in two sectors";
}

TEST(Profiler, ASectorComesOnceALaunchHoweverOftenItIsAskedFor) {
  const auto kernel = profiled<again_kernel>(2, 0, x);
  EXPECT_EQ(kernel.blocks, 2u);
  EXPECT_EQ(kernel.threads, 64u);
  EXPECT_EQ(loads(kernel).count, 6u) << "three in each block";
  EXPECT_EQ(kernel.bytes_read, 128u);
  EXPECT_EQ(kernel.bytes_written, 128u);
}

TEST(Profiler, BlocksThatDoNotRunCountAsThoseThatDo) {
  simt::run_at_most(2);
  const auto kernel = profiled<again_kernel>(64, 0, x);
  simt::run_at_most(0);
  EXPECT_EQ(kernel.blocks, 64u);
  EXPECT_EQ(loads(kernel).count, 6u);
  EXPECT_EQ(kernel.bytes_read, 32u * 128u);
}

TEST(Profiler, PassesOverTheBanks) {
  const auto tight = profiled<column_kernel>(1, 32 * 32 * sizeof(float), y, 32u);
  EXPECT_EQ(loads(tight, simt::Space::shared).served, 32u) << "a column stands in one bank";
  EXPECT_EQ(part(tight, simt::Space::shared, true).served, 32u) << "32 rows, one pass each";
  EXPECT_EQ(tight.barriers, 1u);
  const auto padded = profiled<column_kernel>(1, 32 * 33 * sizeof(float), y, 33u);
  EXPECT_EQ(loads(padded, simt::Space::shared).served, 1u) << "a column of a padded tile stands in all banks";
  const auto packs = profiled<shared_pack_kernel>(1, 0, memory + 1024);
  EXPECT_EQ(loads(packs, simt::Space::shared).served, 4u);
  EXPECT_EQ(loads(packs, simt::Space::shared).least, 4u) << "16 bytes a lane go by quarter warps";
}

TEST(Profiler, PlacesAreLinesOfTheSource) {
  const auto kernel = profiled<again_kernel>(1, 0, x);
  std::set<uintptr_t> places;
  for (const auto& [address, place] : kernel.places) places.insert(address);
  const auto lines = simt::source_lines(places);
  ASSERT_FALSE(lines.empty());
  for (const auto& [address, line] : lines) EXPECT_EQ(line.text().substr(0, 18), "profiler_test.cpp:") << line.text();
}

TEST(Profiler, ALaunchThatThrowsLeavesNothingBehind) {
  simt::Profiler profiler;
  EXPECT_THROW((launch<strided_kernel>(dim3(0), dim3(kWarp), 0, Gpu{}, static_cast<const float*>(x), y, 1u, 0u)),
               std::logic_error);
  launch<strided_kernel>(dim3(1), dim3(kWarp), 0, Gpu{}, static_cast<const float*>(x), y, 1u, 0u);
  EXPECT_EQ(profiler.kernels().begin()->second.launches, 1u);
}

}  // namespace
}  // namespace cudenza::kernels
