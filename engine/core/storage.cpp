#include "engine/core/storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "engine/core/gpu.h"
#include "engine/core/memory_plan.h"
#include "engine/core/segment_pool.h"

namespace cudenza {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;  ///< also the limit between small and large pieces
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepFreed = false;  // exact sizes and no reuse, so that AddressSanitizer sees every overrun
#else
constexpr bool kKeepFreed = true;
#endif

size_t rounded_up(size_t bytes, size_t step) { return (bytes + step - 1) / step * step; }

/// Rounds small sizes up to eight steps per power of two, so that a freed piece fits most later requests near its size;
/// rounds large ones up to whole groups of pages.
size_t rounded(size_t bytes) {
  if (!kKeepFreed) return bytes;
  if (bytes <= 512) return rounded_up(bytes, kAlignment);
  const size_t size_class = rounded_up(bytes, size_t{1} << (63 - __builtin_clzll(bytes - 1) - 3));
  return size_class < kHugePage ? size_class : rounded_up(bytes, size_t{64} << 10);
}

[[noreturn]] void throw_no_memory(size_t bytes) {
  throw DeviceError(fmt::format("out of memory: {:.2f} MiB more asked for; use a smaller `batch_size` or fewer `threads`",
                                static_cast<double>(bytes) / (1 << 20)));
}

/// Small pieces are kept for requests of the same size, large ones are cut from segments.
class CpuPool {
 public:
  void* take(size_t bytes) {
    const size_t wanted = rounded(bytes);
    std::lock_guard lock(mutex_);
    const SegmentPool::Piece piece = is_large(wanted) ? take_large(wanted) : SegmentPool::Piece{take_small(wanted), wanted};
    use_.now_bytes += piece.bytes;
    use_.peak_bytes = std::max(use_.peak_bytes, use_.now_bytes);
    return piece.at;
  }

  void give(void* p, size_t bytes) noexcept {
    const size_t wanted = rounded(bytes);
    std::lock_guard lock(mutex_);
    const size_t given = is_large(wanted) ? large_.give(p) : wanted;
    use_.now_bytes -= given;
    if (!is_large(wanted) && !keep_small(wanted, p)) return std::free(p);
    use_.pooled_bytes += given;
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
  static bool is_large(size_t wanted) { return kKeepFreed && wanted >= kHugePage; }

  char* take_small(size_t wanted) {
    auto& pieces = small_[wanted];
    if (pieces.empty()) return fresh(wanted);
    char* const p = pieces.back();
    pieces.pop_back();
    use_.pooled_bytes -= wanted;
    return p;
  }

  /// Returns false if there was no memory to record the piece.
  bool keep_small(size_t wanted, void* p) noexcept {
    if (!kKeepFreed) return false;
    try {
      small_[wanted].push_back(static_cast<char*>(p));
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  SegmentPool::Piece take_large(size_t wanted) {
    SegmentPool::Piece piece = large_.take(wanted);
    if (!piece.at) {
      add_segment(wanted);
      piece = large_.take(wanted);
    }
    use_.pooled_bytes -= piece.bytes;
    return piece;
  }

  void add_segment(size_t bytes) {
    std::unique_ptr<char, decltype(&std::free)> segment(fresh(bytes), std::free);
    large_.add(segment.get(), bytes);
    segment.release();
    use_.pooled_bytes += bytes;
  }

  char* fresh(size_t bytes) {
    const bool huge = bytes >= kHugePage;
    void* p = nullptr;
    if (posix_memalign(&p, huge ? kHugePage : kAlignment, bytes) != 0) {
      release_all();  // pieces kept for other sizes may free enough
      if (posix_memalign(&p, kAlignment, bytes) != 0) p = nullptr;
    }
    if (!p) throw_no_memory(bytes);
    if (huge) madvise(p, bytes, MADV_HUGEPAGE);  // fewer page faults and TLB misses; a refusal costs nothing
    return static_cast<char*>(p);
  }

  void release_all() {
    for (auto& [size, pieces] : small_) {
      for (char* p : pieces) std::free(p);
      use_.pooled_bytes -= size * pieces.size();
      pieces.clear();
    }
    large_.release([this](char* segment, size_t bytes) {
      std::free(segment);
      use_.pooled_bytes -= bytes;
    });
  }

  std::mutex mutex_;
  std::map<size_t, std::vector<char*>> small_;
  SegmentPool large_;
  CpuMemoryUse use_;
};

CpuPool& pool() {
  static CpuPool* const instance = new CpuPool;  // never destroyed: tensors with static lifetime may outlast it
  return *instance;
}

}  // namespace

Storage::Storage(size_t bytes, Device device) : bytes_(bytes), device_(device) {
  if (bytes == 0) return;
  if (!device.is_cpu()) {
    data_ = gpu::allocate(bytes, device.index());
    return;
  }
  MemoryPlan* const plan = MemoryPlan::active();
  if (plan) data_ = plan->take(bytes, block_);
  if (data_) return;
  data_ = pool().take(bytes);
  if (plan) plan->made(data_, bytes);
}

Storage::~Storage() {
  if (!data_) return;
  if (block_) {
    --block_->living;
    return;
  }
  if (device_.is_cuda()) {
    gpu::release(data_, bytes_, device_.index());
    return;
  }
  if (MemoryPlan* const plan = MemoryPlan::active()) plan->let_go(data_);
  pool().give(data_, bytes_);
}

CpuMemoryUse cpu_memory_use() { return pool().use(); }
void reset_cpu_peak() { pool().reset_peak(); }
void trim_cpu_pool() { pool().trim(); }

void trim_cpu_pool_after(size_t freed_bytes) {
  constexpr size_t kLarge = size_t{8} << 20;  // below it fresh pages cost more than the memory is worth
  if (freed_bytes >= kLarge) trim_cpu_pool();
}

}  // namespace cudenza
