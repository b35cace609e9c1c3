/// The engine's GPU in the SIMT build: "device" memory is the host's, streams are nothing, and kernels run under
/// kernels/simt. With it the engine's whole GPU path (dispatch, storage, copies, launches) runs in CI.
#include <cstdlib>
#include <cstring>

#include "engine/core/gpu.h"

namespace cudenza::gpu {
namespace {
MemoryUse use;
}

int count() { return 1; }
std::string why_none() { return "the host stands for one"; }
Properties properties(int) { return {"host (SIMT)", 90, 132, size_t{1} << 30, size_t{50} << 20}; }
void* stream(int) { return nullptr; }
void synchronize(int) {}

void* allocate(size_t bytes, int) {
  use.now_bytes += bytes;
  use.peak_bytes = use.now_bytes > use.peak_bytes ? use.now_bytes : use.peak_bytes;
  void* p = std::aligned_alloc(16, (bytes + 15) / 16 * 16);
  std::memset(p, 0xFF, bytes);  // fresh device memory is poison: NaN in every floating type
  return p;
}

void release(void* p, size_t bytes, int) noexcept {
  use.now_bytes -= bytes;
  std::free(p);
}

void copy(void* to, const void* from, size_t bytes, Copy, int) { std::memcpy(to, from, bytes); }
void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int) {
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(static_cast<char*>(to) + r * to_pitch, static_cast<const char*>(from) + r * from_pitch, bytes);
}
void fill(void* p, int byte, size_t bytes, int) { std::memset(p, byte, bytes); }
// There is no graph here: a replay runs the work again, eagerly.
struct Recording::State {
  std::function<void()> work;
};
Recording::Recording(int, const std::function<void()>& work) : state_(std::make_unique<State>(State{work})) {}
Recording::~Recording() = default;
void Recording::replay() const { state_->work(); }

MemoryUse memory_use(int) { return use; }
void reset_peak(int) { use.peak_bytes = use.now_bytes; }

}  // namespace cudenza::gpu
