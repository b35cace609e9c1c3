/// The engine without CUDA: count() is 0, and no other function can be reached.
#include "engine/core/error.h"
#include "engine/core/gpu.h"

namespace cudenza::gpu {
namespace {
[[noreturn]] void absent() { throw DeviceError(why_none()); }
}  // namespace

int count() { return 0; }
std::string why_none() { return "this program was built without CUDA"; }
Properties properties(int) { absent(); }
void* stream(int) { absent(); }
void synchronize(int) { absent(); }
void* side_stream(int) { absent(); }
void fork_side_stream(int) { absent(); }
void join_side_stream(int) { absent(); }
void* allocate(size_t, int) { absent(); }
void release(void*, size_t, int) noexcept {}
void copy(void*, const void*, size_t, Copy, int) { absent(); }
void copy_rows(void*, size_t, const void*, size_t, size_t, int64_t, int) { absent(); }
void copy_between(void*, int, const void*, int, size_t) { absent(); }
void wait_for(int, int) { absent(); }
void fill(void*, int, size_t, int) { absent(); }
struct CapturedGraph::State {};
CapturedGraph::CapturedGraph(int, const std::function<void()>&) { absent(); }
CapturedGraph::~CapturedGraph() = default;
void CapturedGraph::replay() const { absent(); }
bool is_capturing() { return false; }
Activity activity(int) { absent(); }
MemoryUse memory_use(int) { absent(); }
void reset_peak(int) { absent(); }

}  // namespace cudenza::gpu
