/// Runs the source of a CUDA kernel on the host: tests only, never a backend.
///
/// Each CUDA thread of a block is a fiber. A fiber runs until it reaches a barrier or ends; when every live thread of the
/// block (or every named lane of the warp) waits at the same kind of barrier, all go on. Anything else is a divergent
/// barrier and throws. Threads are resumed in forward, reverse or random order, so that a missing barrier shows; shared
/// memory is fresh, exactly sized (AddressSanitizer sees its ends) and poisoned with NaNs for every block, so that
/// reading before writing shows.
///
/// Work on the emulated device goes through enqueue(): it is kept while work is captured, as a stream under capture does; else
/// its stream takes it, or it runs at once.
///
/// It proves indexing, barriers and arithmetic; tracers (tracer.h) show races, reads of what nothing wrote, and what a kernel
/// asks of memory. It does not prove what only a GPU can: memory ordering, occupancy, registers. What it lacks must fail to
/// compile.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <set>
#include <string>
#include <vector>

#define SIMT_UNTRACED __attribute__((no_sanitize("thread")))  // no access here is a kernel's
#define __global__ __attribute__((noinline))  // so that its parameters lie on its stack, not in what launch() keeps
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace simt {

enum class Order { kForward, kReverse, kRandom };
constexpr unsigned kWarp = 32;

/// The order in which a block's threads are resumed from now on (this OS thread).
void set_order(Order order, uint32_t seed = 1);
/// Every kernel run so far in this process, as "name<template arguments>".
const std::set<std::string>& kernels_run();

using Work = std::function<void()>;
using Queue = std::vector<Work>;
/// Takes work that it will do in the order of its coming.
class Stream {
 public:
  virtual void take(Work work) = 0;

 protected:
  ~Stream() = default;
};
/// Keeps the work in the queue that this OS thread captures to; or gives it to `stream`, a Stream*; or, if that is null, does it.
/// Whatever the work needs it holds by value.
void enqueue(Work work, void* stream = nullptr);
/// Runs the work as the device does: the watcher is told before and after.
void perform(const Work& work);
/// From now on enqueued work goes to `queue`; null: is done. Returns what was before.
Queue* capture_to(Queue* queue);
bool is_capturing();
/// Called with true before work runs and with false after it: whoever keeps the device's memory can shut it to the host.
void watch_work(void (*watcher)(bool begins));

// What the words below are made of. Whatever a kernel reads here comes by value: what it reads through pointers are its loads.
struct Position {
  dim3 thread, block, block_size, grid_size;
  unsigned linear;  // of the thread in its block
};
Position here();
/// The kernel's name as kernels_run() has it, which this call enters there.
const std::string& note_kernel(const char* pretty_function);
struct Kernel {
  void (*call)(const void* arguments);
  const void* arguments;
};
void run(const std::string& name, dim3 grid, dim3 block, size_t shared_bytes, Kernel);
void* shared_bytes(const void* declaration, size_t bytes);
void* dynamic_shared_bytes();
/// The running thread is about to load or store so many neighbouring bytes, by instructions of up to 16.
void vector_access(const void*, size_t bytes, bool writes);
void block_barrier();
void warp_barrier(unsigned mask);
/// Ends the running thread here, and its launch with `failure` once the block is over: for tracers, which stand where nothing may
/// be thrown.
void stop_thread(std::exception_ptr failure);
/// Publishes `value` (up to 8 bytes) to the warp and waits until all lanes of `mask` have; slot(lane) is then theirs.
void publish(unsigned mask, const void* value, size_t bytes);
uint64_t slot(unsigned lane);

// Inlined, all of those: a barrier's place in the program is then a line of the kernel.
template <class T> [[gnu::always_inline]] inline T shuffle(unsigned mask, T value, unsigned source_lane) {
  static_assert(sizeof(T) <= 8);
  publish(mask, &value, sizeof value);
  const uint64_t theirs = slot(source_lane);
  T got;
  std::memcpy(&got, &theirs, sizeof got);
  warp_barrier(mask);  // nobody overwrites a slot before all have read
  return got;
}

}  // namespace simt

#define threadIdx (::simt::here().thread)
#define blockIdx (::simt::here().block)
#define blockDim (::simt::here().block_size)
#define gridDim (::simt::here().grid_size)
#define SHARED_ARRAY(type, name, count)  \
  static const char name##_declared = 0; \
  type* const name = static_cast<type*>(::simt::shared_bytes(&name##_declared, sizeof(type) * (count)))

[[gnu::always_inline]] inline void __syncthreads() { simt::block_barrier(); }
[[gnu::always_inline]] inline void __syncwarp(unsigned mask = ~0u) { simt::warp_barrier(mask); }

template <class T> [[gnu::always_inline]] inline T __shfl_sync(unsigned mask, T value, int lane) {
  return simt::shuffle(mask, value, static_cast<unsigned>(lane) % simt::kWarp);
}
template <class T> [[gnu::always_inline]] inline T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return simt::shuffle(mask, value, (simt::here().linear % simt::kWarp) ^ static_cast<unsigned>(lanes));
}
unsigned __ballot_sync(unsigned mask, bool vote);
