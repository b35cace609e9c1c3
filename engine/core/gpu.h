/// All the engine asks of the CUDA runtime. gpu_cuda.cpp serves it; gpu_none.cpp stands in where the engine is built without
/// CUDA; the tests have a third that keeps "device" memory on the host (tests/support/gpu_simt.cpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cudenza::gpu {

/// Number of usable GPUs: 0 without a driver, a card, or CUDA in this build.
int count();
/// Why count() is 0, in words that follow a colon.
std::string why_none();

struct Properties {
  std::string name;
  int sm = 0;  ///< compute capability, 90 for 9.0
  int multiprocessors = 0;
  size_t memory_bytes = 0;
  size_t l2_bytes = 0;
};
Properties properties(int device);

/// The stream that the engine's work on `device` is ordered on (a cudaStream_t). One a device, made at first use. Makes the
/// device current for this thread, as launching on its stream demands.
void* stream(int device);
/// Waits for all work on the device's stream; throws what went wrong in it.
void synchronize(int device);

/// Memory of the driver's stream-ordered pool: no synchronisation, reused in stream order. Throws DeviceError when full.
void* allocate(size_t bytes, int device);
void release(void* p, size_t bytes, int device) noexcept;

enum class Copy { host_to_device, device_to_host, device_to_device };
/// Enqueues a copy; a copy to the host has arrived on return.
void copy(void* to, const void* from, size_t bytes, Copy direction, int device);
/// Enqueues a copy on the device of `rows` pieces of `bytes`, which lie `to_pitch` and `from_pitch` bytes apart.
void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int device);
/// Enqueues setting every byte.
void fill(void* p, int byte, size_t bytes, int device);

/// Work captured once and replayed as a whole by one call: a CUDA graph. Only what `work` enqueues on the device's stream is
/// captured, with the addresses it used: tensors that it reads or writes must outlive the graph, results must be copied into
/// such tensors, and nothing in it may synchronise, read back, or copy from the host. What the host computes (a rate, an
/// epoch's number) is captured as it is. Capturing does not run the work.
class CapturedGraph {
 public:
  /// Throws std::logic_error if a tensor made by `work` outlives it: its memory is the graph's own. Tensors made before
  /// and let go by `work` keep their memory as long as the graph lives.
  CapturedGraph(int device, const std::function<void()>& work);
  ~CapturedGraph();
  CapturedGraph(const CapturedGraph&) = delete;
  CapturedGraph& operator=(const CapturedGraph&) = delete;
  /// Enqueues all that was captured.
  void replay() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether this thread is capturing now.
bool is_capturing();

/// How often the device has been asked for what a steady state does without, or does once a step.
struct Activity {
  int64_t allocations = 0;       ///< outside captures
  int64_t synchronisations = 0;  ///< waits of the host, those for copies to the host among them
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
  size_t reserved_bytes = 0;  ///< that the driver holds for them now: with pieces kept for reuse, and captured graphs' memory
};
/// Bytes that tensors hold on the device, now and at most since reset_peak().
MemoryUse memory_use(int device);
void reset_peak(int device);

}  // namespace cudenza::gpu
