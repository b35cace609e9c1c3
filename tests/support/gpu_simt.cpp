/// The engine's GPUs in the SIMT build, two of them: "device" memory is the host's, and kernels run under kernels/simt. With it
/// the engine's whole GPU path (dispatch, storage, copies, launches, captures) runs in CI.
///
/// As on a card: fresh memory is not zero; neither the host nor another device can touch a device's memory (AddressSanitizer
/// reports who tries); and a capture holds what was enqueued with the values of that moment. What the host computes while it is
/// made does not happen again at a replay. Work is done when it is enqueued, or with LateDevices as late as can be: when the host
/// waits for it, or another device does.
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <new>

#include "engine/core/capture_memory.h"
#include "engine/core/gpu.h"
#include "kernels/simt/tracer.h"
#include "tests/support/dry_device.h"
#include "tests/support/late_devices.h"

namespace cudenza::gpu {

namespace {

constexpr size_t kAlignment = 256;  // cudaMalloc's

bool is_dry = false, is_late = false;
thread_local CaptureMemory* capture = nullptr;
thread_local std::vector<CaptureMemory::Piece>* capture_own = nullptr;

class Card;
thread_local std::vector<const Card*> at_work;  // those whose work runs on this thread; one may wait for another

/// A device: its memory, and its work in the order of its coming. One thread at a time uses it.
class Card final : public simt::Stream {
 public:
  void take(simt::Work work) override {
    waiting_.push_back(std::move(work));
    if (!is_late) finish();
  }
  void finish() {
    while (!waiting_.empty()) do_next();
  }
  void finish_until(const bool& reached) {
    while (!reached) {
      if (waiting_.empty()) throw std::logic_error("a device waits for work that another one never gets");
      do_next();
    }
  }
  bool is_idle() const { return waiting_.empty(); }

  /// Open while work of this device runs, and shut to the host.
  void open_or_shut(bool opens) const {
    for (const auto& [p, bytes] : pieces) {
      if (opens) __asan_unpoison_memory_region(p, bytes);
      else __asan_poison_memory_region(p, bytes);
    }
  }

  std::map<void*, size_t> pieces;
  MemoryUse use;
  Activity done;

 private:
  void do_next() {
    const simt::Work work = std::move(waiting_.front());
    waiting_.pop_front();
    at_work.push_back(this);
    struct Ended {
      ~Ended() { at_work.pop_back(); }
    } const ended;
    simt::perform(work);
  }

  std::deque<simt::Work> waiting_;
};

void watch(bool begins);

std::array<Card, 2>& cards() {
  static auto* const both = (simt::watch_work(watch), new std::array<Card, 2>);  // tensors with static lifetime may outlast it
  return *both;
}
Card& card(int device) { return cards().at(static_cast<size_t>(device)); }

/// Around all work. What comes without a stream may be any device's.
void watch(bool begins) {
  if (!at_work.empty()) return at_work.back()->open_or_shut(begins);
  for (const Card& each : cards()) each.open_or_shut(begins);
}

/// Not a number in any floating type: what nobody may read.
void spoil(void* p, size_t bytes, int device) {
  if (is_dry) return;
  const auto work = [=] {
    std::memset(p, 0xFF, bytes);
    simt::tell_new_memory(p, bytes, simt::Space::global);
  };
  simt::enqueue(work, stream(device));
}

void* new_piece(size_t bytes, int device) {
  void* p = nullptr;
  if (is_dry) {
    p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    return p;
  }
  if (posix_memalign(&p, kAlignment, bytes) != 0) throw std::bad_alloc();
  card(device).pieces.emplace(p, bytes);
  __asan_poison_memory_region(p, bytes);
  return p;
}

void free_piece(void* p, size_t bytes, int device) {
  if (is_dry) return static_cast<void>(munmap(p, bytes));
  card(device).pieces.erase(p);
  __asan_unpoison_memory_region(p, bytes);
  std::free(p);
}

}  // namespace

struct CapturedGraph::State {
  explicit State(int device) : memory(device) {}

  simt::Queue queue;
  CaptureMemory memory;
  std::vector<CaptureMemory::Piece> own;  // made and let go by the work: there at every replay

  ~State() {
    card(memory.device()).finish();
    for (const auto& [p, bytes] : own) free_piece(p, bytes, memory.device());
    for (const auto& [p, bytes] : memory.kept()) release(p, bytes, memory.device());
  }
};

int count() { return static_cast<int>(cards().size()); }
std::string why_none() { return "the host stands for two"; }
Properties properties(int) { return {"host (SIMT)", 90, 132, size_t{1} << 30, size_t{50} << 20}; }
void* stream(int device) { return static_cast<simt::Stream*>(&card(device)); }
void* side_stream(int device) { return stream(device); }  // one queue serves both
void fork_side_stream(int) {}
void join_side_stream(int) {}

void synchronize(int device) {
  if (capture) throw std::logic_error("a capture: the host cannot wait for work that is not being done");
  ++card(device).done.synchronisations;
  card(device).finish();
}

void* allocate(size_t bytes, int device) {
  if (capture) capture->check_device(device);
  MemoryUse& use = card(device).use;
  use.now_bytes += bytes;
  use.peak_bytes = use.now_bytes > use.peak_bytes ? use.now_bytes : use.peak_bytes;
  void* p = new_piece(bytes, device);
  if (capture) capture->made(p, bytes);
  else ++card(device).done.allocations;
  spoil(p, bytes, device);
  return p;
}

void release(void* p, size_t bytes, int device) noexcept {
  const bool is_captured = capture && capture->device() == device;
  if (is_captured && !capture->let_go(p, bytes)) return;
  card(device).use.now_bytes -= bytes;
  if (is_captured) {
    spoil(p, bytes, device);  // a graph gives it to others from here on
    capture_own->emplace_back(p, bytes);
  } else if (card(device).is_idle()) {
    free_piece(p, bytes, device);
  } else {
    card(device).take([=] { free_piece(p, bytes, device); });
  }
}

void copy(void* to, const void* from, size_t bytes, Copy direction, int device) {
  const auto copy_from = [=](const void* source) {
    std::memcpy(to, source, bytes);
    simt::tell_wrote(to, bytes);
  };
  if (direction == Copy::device_to_device) return simt::enqueue([=] { copy_from(from); }, stream(device));
  ++card(device).done.host_copies;
  if (direction == Copy::device_to_host) {
    card(device).take([=] { copy_from(from); });
    return synchronize(device);
  }
  if (!is_late) return card(device).take([=] { copy_from(from); });
  const auto* const bytes_now = static_cast<const char*>(from);  // the caller may reuse them before the copy is done
  card(device).take([copy_from, read = std::vector(bytes_now, bytes_now + bytes)] { copy_from(read.data()); });
}

void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int device) {
  const auto work = [=] {
    for (int64_t r = 0; r < rows; ++r) {
      char* row = static_cast<char*>(to) + r * to_pitch;
      std::memcpy(row, static_cast<const char*>(from) + r * from_pitch, bytes);
      simt::tell_wrote(row, bytes);
    }
  };
  simt::enqueue(work, stream(device));
}

void copy_between(void* to, int to_device, const void* from, int from_device, size_t bytes) {
  card(to_device).take([=] {
    card(from_device).open_or_shut(true);
    std::memcpy(to, from, bytes);
    card(from_device).open_or_shut(false);
    simt::tell_wrote(to, bytes);
  });
}

void wait_for(int device, int other) {
  const auto reached = std::make_shared<bool>(false);
  card(other).take([=] { *reached = true; });
  card(device).take([=] { card(other).finish_until(*reached); });
}

void fill(void* p, int byte, size_t bytes, int device) {
  const auto work = [=] {
    std::memset(p, byte, bytes);
    simt::tell_wrote(p, bytes);
  };
  simt::enqueue(work, stream(device));
}

CapturedGraph::CapturedGraph(int device, const std::function<void()>& work) : state_(std::make_unique<State>(device)) {
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
  Card& here = card(state_->memory.device());
  ++here.done.replays;
  for (const simt::Work& work : state_->queue) here.take(work);
}

bool is_capturing() { return capture != nullptr; }
Activity activity(int device) { return card(device).done; }
MemoryUse memory_use(int device) {
  const MemoryUse& use = card(device).use;
  return {use.now_bytes, use.peak_bytes, use.now_bytes};
}
void reset_peak(int device) { card(device).use.peak_bytes = card(device).use.now_bytes; }

}  // namespace cudenza::gpu

namespace cudenza::testing {

void make_device_dry() { gpu::is_dry = true; }
bool device_is_dry() { return gpu::is_dry; }

LateDevices::LateDevices() { gpu::is_late = true; }
LateDevices::~LateDevices() {
  for (gpu::Card& card : gpu::cards()) card.finish();
  gpu::is_late = false;
}

}  // namespace cudenza::testing
