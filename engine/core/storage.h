/// A block of memory on one device, with one owner.
#pragma once
#include <cstddef>
#include <memory>

#include "engine/core/device.h"

namespace cudenza {

struct PlannedBlock;

/// On the CPU: 64-byte aligned, from a pool that keeps freed memory, because fresh pages cost more than a pass over them; in
/// a MemoryPlan's run from its block. On a GPU: from the driver's stream-ordered pool. The contents are not initialised.
class Storage {
 public:
  Storage(size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

 private:
  void* data_ = nullptr;
  size_t bytes_;
  Device device_;
  std::shared_ptr<PlannedBlock> block_;  ///< that it lies in, if it does (engine/core/memory_plan.h)
};

/// Bytes that tensors hold on the CPU now, their maximum since reset_cpu_peak(), and bytes that the pool keeps for reuse.
struct CpuMemoryUse {
  size_t now_bytes = 0, peak_bytes = 0, pooled_bytes = 0;
};
CpuMemoryUse cpu_memory_use();
void reset_cpu_peak();
/// Returns the pool's unused memory to the system.
void trim_cpu_pool();
/// The same if what was just freed is large: a process that infers dropped weights, and nothing after them is of their size.
void trim_cpu_pool_after(size_t freed_bytes);

}  // namespace cudenza
