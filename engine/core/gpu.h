/// Everything the engine needs from the CUDA runtime. gpu_cuda.cpp implements it; gpu_none.cpp is for builds without CUDA;
/// tests/support/gpu_simt.cpp keeps "device" memory on the host.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cudenza::gpu {

/// Number of usable GPUs: 0 without a driver, a GPU, or CUDA in this build.
int count();
/// Why count() is 0, as a phrase that can follow a colon.
std::string why_none();

struct Properties {
  std::string name;
  int sm = 0;  ///< compute capability, 90 for 9.0
  int multiprocessors = 0;
  size_t memory_bytes = 0;
  size_t l2_bytes = 0;
};
Properties properties(int device);

/// The engine's stream on `device` (a cudaStream_t): one per device, created at first use. Makes the device current for this
/// thread, because kernel launches require it.
void* stream(int device);
/// Waits for all work on the device's stream. Throws if any of it failed.
void synchronize(int device);

/// A second stream on `device` (a cudaStream_t), for sums between GPUs beside the engine's work: its kernels have few blocks, and
/// those go first. Created at first use, which must not be inside a capture.
void* side_stream(int device);
/// What the side stream gets from here on waits for what the engine's stream has got so far, and becomes a part of its capture.
void fork_side_stream(int device);
/// What the engine's stream gets from here on waits for what the side stream has got so far. A capture that has forked must join.
void join_side_stream(int device);

/// Memory from the driver's stream-ordered pool: no synchronisation, reused in stream order. Throws DeviceError when full.
void* allocate(size_t bytes, int device);
void release(void* p, size_t bytes, int device) noexcept;

enum class Copy { host_to_device, device_to_host, device_to_device };
/// Enqueues a copy. A copy to the host is complete on return.
void copy(void* to, const void* from, size_t bytes, Copy direction, int device);
/// Enqueues a copy on the device of `rows` rows of `bytes` bytes. Rows start `to_pitch` and `from_pitch` bytes apart.
void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int device);
/// Enqueues on `to_device` a copy from the memory of another device. Whoever calls it orders the two devices' work by wait_for().
void copy_between(void* to, int to_device, const void* from, int from_device, size_t bytes);
/// What is enqueued on `device` from now on begins when all that has been enqueued on `other` so far is done. The host goes on.
void wait_for(int device, int other);
/// Enqueues a memset.
void fill(void* p, int byte, size_t bytes, int device);

/// A CUDA graph: work captured once and replayed by one call. It holds what `work` enqueues on the device's stream, with the
/// addresses used: tensors that `work` reads or writes must outlive the graph, and results must be copied into such tensors.
/// `work` must not synchronise, read back, copy from the host, or use another device. Host values (a learning rate, an epoch
/// number) become constants of the graph. Capturing does not run the work.
class CapturedGraph {
 public:
  /// Throws std::logic_error if a tensor made by `work` outlives it: the graph owns that memory. If `work` releases older
  /// tensors, the graph keeps their memory while it lives.
  CapturedGraph(int device, const std::function<void()>& work);
  ~CapturedGraph();
  CapturedGraph(const CapturedGraph&) = delete;
  CapturedGraph& operator=(const CapturedGraph&) = delete;
  /// Enqueues the captured work.
  void replay() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether this thread is capturing now.
bool is_capturing();

/// Counts of calls on the device that a steady state makes never, or once per step.
struct Activity {
  int64_t allocations = 0;       ///< outside captures
  int64_t synchronisations = 0;  ///< waits of the host, including those for copies to the host
  int64_t host_copies = 0;       ///< in either direction
  int64_t replays = 0;           ///< of captured graphs

  Activity operator-(const Activity& before) const {
    return {allocations - before.allocations, synchronisations - before.synchronisations, host_copies - before.host_copies,
            replays - before.replays};
  }
};
Activity activity(int device);

struct MemoryUse {
  size_t now_bytes = 0, peak_bytes = 0;
  size_t reserved_bytes = 0;  ///< held by the driver now, including memory kept for reuse and captured graphs' memory
};
/// Bytes that tensors hold on the device: now, and the maximum since reset_peak().
MemoryUse memory_use(int device);
void reset_peak(int device);

}  // namespace cudenza::gpu
