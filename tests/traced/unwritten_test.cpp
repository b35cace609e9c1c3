/// The detector of reads of what nothing wrote: planted ones are found, and what was written, by whomever, is left alone.
/// Compiled with -fsanitize=thread, as the kernels are.
#include "kernels/simt/unwritten.h"

#include <gtest/gtest.h>

#include "engine/core/gpu.h"
#include "kernels/common/launch.h"

namespace cudenza::kernels {
namespace {

constexpr unsigned kThreads = 64;

__global__ void copy_kernel(const float* x, float* y, unsigned count) {
  if (threadIdx.x < count) y[threadIdx.x] = x[threadIdx.x];
}

/// Threads below `given` fill shared memory; all read it.
__global__ void share_kernel(float* y, unsigned given) {
  SHARED_ARRAY(float, values, kThreads);
  if (threadIdx.x < given) values[threadIdx.x] = 1;
  __syncthreads();
  y[threadIdx.x] = values[threadIdx.x];
}

/// kThreads floats of device memory.
class Floats {
 public:
  Floats() : p_(static_cast<float*>(gpu::allocate(kBytes, 0))) {}
  ~Floats() { gpu::release(p_, kBytes, 0); }
  Floats(const Floats&) = delete;
  Floats& operator=(const Floats&) = delete;
  operator float*() const { return p_; }

  static constexpr size_t kBytes = kThreads * sizeof(float);

 private:
  float* p_;
};

std::string copied(const float* x, float* y, unsigned count = kThreads) {
  try {
    launch<copy_kernel>(dim3(1), dim3(kThreads), 0, Gpu{}, x, y, count);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "";
}

TEST(Unwritten, FreshDeviceMemoryIsNotRead) {
  simt::set_order(simt::Order::kForward);
  const simt::UnwrittenDetector detector;
  const Floats x, y, z;
  const std::string text = copied(x, y);
  for (const char* words : {"read of what nothing wrote in ", "copy_kernel", "global memory at unwritten_test.cpp:", "thread 0"})
    EXPECT_NE(text.find(words), std::string::npos) << words << " in " << text;
  gpu::fill(x, 0, Floats::kBytes, 0);
  EXPECT_EQ(copied(x, y), "") << "a fill writes";
  EXPECT_EQ(copied(y, z), "") << "a kernel writes";
}

TEST(Unwritten, ThePartThatIsMissingIsFound) {
  simt::set_order(simt::Order::kForward);
  const simt::UnwrittenDetector detector;
  const Floats x, y, z;
  const std::vector<float> host(kThreads, 1.0f);
  gpu::copy(x, host.data(), Floats::kBytes - sizeof(float), gpu::Copy::host_to_device, 0);
  EXPECT_NE(copied(x, y).find("by thread 63"), std::string::npos);
  EXPECT_EQ(copied(x, z, kThreads - 1), "");
  EXPECT_NE(copied(z, y), "");
}

TEST(Unwritten, MemoryThatComesAgainIsFresh) {
  const simt::UnwrittenDetector detector;
  const Floats y;
  for (int time = 0; time < 2; ++time) {
    const Floats x;
    EXPECT_NE(copied(x, y), "") << time;
    gpu::fill(x, 0, Floats::kBytes, 0);
    EXPECT_EQ(copied(x, y), "") << time;
  }
}

TEST(Unwritten, SharedMemoryIsFreshInEveryBlock) {
  const simt::UnwrittenDetector detector;
  const Floats y;
  EXPECT_NO_THROW((launch<share_kernel>(dim3(2), dim3(kThreads), 0, Gpu{}, static_cast<float*>(y), kThreads)));
  try {
    launch<share_kernel>(dim3(1), dim3(kThreads), 0, Gpu{}, static_cast<float*>(y), kThreads - 2);
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("shared memory at unwritten_test.cpp:"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace cudenza::kernels
