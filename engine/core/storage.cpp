#include "engine/core/storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "engine/core/gpu.h"

namespace cudenza {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepFreed = false;  // exact sizes and no reuse, so that AddressSanitizer sees every overrun
#else
constexpr bool kKeepFreed = true;
#endif

/// Sizes are rounded up to eight steps a power of two, so that a freed piece fits most later requests near its size.
size_t size_class(size_t bytes) {
  if (!kKeepFreed) return bytes;
  if (bytes <= 512) return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const size_t step = size_t{1} << (63 - __builtin_clzll(bytes - 1) - 3);
  return (bytes + step - 1) / step * step;
}

class CpuPool {
 public:
  void* take(size_t bytes) {
    const size_t rounded = size_class(bytes);
    std::lock_guard lock(mutex_);
    use_.now_bytes += rounded;
    use_.peak_bytes = std::max(use_.peak_bytes, use_.now_bytes);
    auto& pieces = free_[rounded];
    if (!pieces.empty()) {
      void* p = pieces.back();
      pieces.pop_back();
      use_.pooled_bytes -= rounded;
      return p;
    }
    return fresh(rounded);
  }

  void give(void* p, size_t bytes) noexcept {
    const size_t rounded = size_class(bytes);
    std::lock_guard lock(mutex_);
    use_.now_bytes -= rounded;
    if (!kKeepFreed) return std::free(p);
    free_[rounded].push_back(p);
    use_.pooled_bytes += rounded;
  }

  void trim() {
    std::lock_guard lock(mutex_);
    release_all();
  }

  CpuMemoryUse use() {
    std::lock_guard lock(mutex_);
    return use_;
  }
  void reset_peak() {
    std::lock_guard lock(mutex_);
    use_.peak_bytes = use_.now_bytes;
  }

 private:
  void* fresh(size_t rounded) {
    const bool huge = rounded >= kHugePage;
    void* p = nullptr;
    if (posix_memalign(&p, huge ? kHugePage : kAlignment, rounded) != 0) {
      release_all();  // pieces of other sizes may make room
      if (posix_memalign(&p, kAlignment, rounded) != 0) p = nullptr;
    }
    if (!p)
      throw DeviceError(fmt::format("out of memory: {:.2f} GiB asked for; use a smaller --batch-size",
                                    static_cast<double>(rounded) / (1 << 30)));
    if (huge) madvise(p, rounded, MADV_HUGEPAGE);  // fewer page faults and TLB misses; a refusal costs nothing
    return p;
  }

  void release_all() {
    for (auto& [size, pieces] : free_) {
      for (void* p : pieces) std::free(p);
      use_.pooled_bytes -= size * pieces.size();
      pieces.clear();
    }
  }

  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> free_;
  CpuMemoryUse use_;
};

CpuPool& pool() {
  static CpuPool* const instance = new CpuPool;  // never destroyed: tensors with static lifetime may outlast it
  return *instance;
}

}  // namespace

Storage::Storage(size_t bytes, Device device) : bytes_(bytes), device_(device) {
  if (bytes == 0) return;
  data_ = device.is_cpu() ? pool().take(bytes) : gpu::allocate(bytes, device.index());
}

Storage::~Storage() {
  if (!data_) return;
  if (device_.is_cpu()) pool().give(data_, bytes_);
  else gpu::release(data_, bytes_, device_.index());
}

CpuMemoryUse cpu_memory_use() { return pool().use(); }
void reset_cpu_peak() { pool().reset_peak(); }
void trim_cpu_pool() { pool().trim(); }

}  // namespace cudenza
