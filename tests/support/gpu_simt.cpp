/// The engine's GPU in the SIMT build: "device" memory is the host's, streams are nothing, and kernels run under kernels/simt.
/// With it the engine's whole GPU path (dispatch, storage, copies, launches, captures) runs in CI.
///
/// As on a card: fresh memory is not zero, the host cannot touch device memory (AddressSanitizer reports who tries), and a
/// capture holds what was enqueued with the values of that moment. What the host computes while it is made does not happen
/// again at a replay.
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "engine/core/capture_memory.h"
#include "engine/core/gpu.h"
#include "kernels/simt/tracer.h"
#include "tests/support/dry_device.h"

namespace cudenza::gpu {

namespace {

constexpr size_t kAlignment = 256;  // cudaMalloc's

bool is_dry = false;
MemoryUse use;
Activity done;
thread_local CaptureMemory* capture = nullptr;
thread_local std::vector<CaptureMemory::Piece>* capture_own = nullptr;

/// All device memory. It is open while work runs there, and shut to the host.
std::map<void*, size_t>& pieces() {
  static auto* const all = new std::map<void*, size_t>;  // tensors with static lifetime may outlast it
  return *all;
}

void open_or_shut(bool begins) {
  for (const auto& [p, bytes] : pieces()) {
    if (begins) __asan_unpoison_memory_region(p, bytes);
    else __asan_poison_memory_region(p, bytes);
  }
}

/// Not a number in any floating type: what nobody may read.
void spoil(void* p, size_t bytes) {
  if (is_dry) return;
  simt::enqueue([=] {
    std::memset(p, 0xFF, bytes);
    simt::tell_new_memory(p, bytes, simt::Space::global);
  });
}

void* new_piece(size_t bytes) {
  void* p = nullptr;
  if (is_dry) {
    p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    return p;
  }
  if (posix_memalign(&p, kAlignment, bytes) != 0) throw std::bad_alloc();
  pieces().emplace(p, bytes);
  __asan_poison_memory_region(p, bytes);
  return p;
}

void free_piece(void* p, size_t bytes) {
  if (is_dry) return static_cast<void>(munmap(p, bytes));
  pieces().erase(p);
  __asan_unpoison_memory_region(p, bytes);
  std::free(p);
}

}  // namespace

struct CapturedGraph::State {
  simt::Queue queue;
  CaptureMemory memory;
  std::vector<CaptureMemory::Piece> own;  // made and let go by the work: there at every replay

  ~State() {
    for (const auto& [p, bytes] : own) free_piece(p, bytes);
    for (const auto& [p, bytes] : memory.kept()) release(p, bytes, 0);
  }
};

int count() { return 1; }
std::string why_none() { return "the host stands for one"; }
Properties properties(int) { return {"host (SIMT)", 90, 132, size_t{1} << 30, size_t{50} << 20}; }
void* stream(int) { return nullptr; }
void* side_stream(int) { return nullptr; }  // one queue serves both
void fork_side_stream(int) {}
void join_side_stream(int) {}

void synchronize(int) {
  if (capture) throw std::logic_error("a capture: the host cannot wait for work that is not being done");
  ++done.synchronisations;
}

void* allocate(size_t bytes, int) {
  if (!is_dry) simt::watch_work(open_or_shut);
  use.now_bytes += bytes;
  use.peak_bytes = use.now_bytes > use.peak_bytes ? use.now_bytes : use.peak_bytes;
  void* p = new_piece(bytes);
  if (capture) capture->made(p, bytes);
  else ++done.allocations;
  spoil(p, bytes);
  return p;
}

void release(void* p, size_t bytes, int) noexcept {
  if (capture && !capture->let_go(p, bytes)) return;
  use.now_bytes -= bytes;
  if (!capture) return free_piece(p, bytes);
  spoil(p, bytes);  // a graph gives it to others from here on
  capture_own->emplace_back(p, bytes);
}

void copy(void* to, const void* from, size_t bytes, Copy direction, int device) {
  const auto work = [=] {
    std::memcpy(to, from, bytes);
    simt::tell_wrote(to, bytes);
  };
  if (direction == Copy::device_to_device) return simt::enqueue(work);
  ++done.host_copies;
  simt::perform(work);
  if (direction == Copy::device_to_host) synchronize(device);
}

void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int) {
  simt::enqueue([=] {
    for (int64_t r = 0; r < rows; ++r) {
      char* row = static_cast<char*>(to) + r * to_pitch;
      std::memcpy(row, static_cast<const char*>(from) + r * from_pitch, bytes);
      simt::tell_wrote(row, bytes);
    }
  });
}

void fill(void* p, int byte, size_t bytes, int) {
  simt::enqueue([=] {
    std::memset(p, byte, bytes);
    simt::tell_wrote(p, bytes);
  });
}

CapturedGraph::CapturedGraph(int, const std::function<void()>& work) : state_(std::make_unique<State>()) {
  struct Capturing {
    explicit Capturing(State& state) {
      capture = &state.memory;
      capture_own = &state.own;
      simt::capture_to(&state.queue);
    }
    ~Capturing() {
      capture = nullptr;
      simt::capture_to(nullptr);
    }
  } const capturing(*state_);
  work();
  state_->memory.check_all_let_go();
}

CapturedGraph::~CapturedGraph() = default;

void CapturedGraph::replay() const {
  ++done.replays;
  for (const simt::Work& work : state_->queue) simt::perform(work);
}

bool is_capturing() { return capture != nullptr; }
Activity activity(int) { return done; }
MemoryUse memory_use(int) { return {use.now_bytes, use.peak_bytes, use.now_bytes}; }
void reset_peak(int) { use.peak_bytes = use.now_bytes; }

}  // namespace cudenza::gpu

namespace cudenza::testing {

void make_device_dry() { gpu::is_dry = true; }
bool device_is_dry() { return gpu::is_dry; }

}  // namespace cudenza::testing
