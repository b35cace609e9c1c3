#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "engine/core/capture_memory.h"
#include "engine/core/error.h"
#include "engine/core/gpu.h"
#include "kernels/common/cuda_check.h"

namespace cudenza::gpu {
namespace {

/// Makes `device` current for this thread while it lives, as the runtime's calls expect.
class Current {
 public:
  explicit Current(int device) {
    CUDA_CHECK(cudaGetDevice(&before_));
    if (device != before_) CUDA_CHECK(cudaSetDevice(device));
    changed_ = device != before_;
  }
  ~Current() {
    if (changed_) cudaSetDevice(before_);
  }
  Current(const Current&) = delete;

 private:
  int before_ = 0;
  bool changed_ = false;
};

thread_local CaptureMemory* capture = nullptr;  // of this thread's current capture

/// What the engine keeps per device: stream, memory pool and counts of their use.
class Card {
 public:
  explicit Card(int device) : device_(device) {
    Current current(device);
    CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool_, device));
    uint64_t keep_everything = UINT64_MAX;  // else every synchronisation returns the pool's memory to the system
    CUDA_CHECK(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep_everything));
  }
  cudaStream_t stream() const { return stream_; }
  cudaStream_t side_stream() {
    if (!side_stream_) {
      Current current(device_);
      int lowest = 0, highest = 0;
      CUDA_CHECK(cudaDeviceGetStreamPriorityRange(&lowest, &highest));
      CUDA_CHECK(cudaEventCreateWithFlags(&passed_, cudaEventDisableTiming));
      CUDA_CHECK(cudaStreamCreateWithPriority(&side_stream_, cudaStreamNonBlocking, highest));
    }
    return side_stream_;
  }
  /// What `later` gets from here on waits for what `earlier` has got so far. A wait keeps to the event as it is recorded now, so
  /// that one event serves all.
  void order(cudaStream_t earlier, cudaStream_t later) const {
    CUDA_CHECK(cudaEventRecord(passed_, earlier));
    CUDA_CHECK(cudaStreamWaitEvent(later, passed_));
  }

  /// Lets another device reach this one's memory, now and later, where the two can: else copies between them go by the host.
  void show_to(int other) const {
    int can = 0;
    CUDA_CHECK(cudaDeviceCanAccessPeer(&can, other, device_));
    if (!can) return;
    cudaMemAccessDesc access{};
    access.location = {cudaMemLocationTypeDevice, other};
    access.flags = cudaMemAccessFlagsProtReadWrite;
    CUDA_CHECK(cudaMemPoolSetAccess(pool_, &access, 1));
  }

  /// The pool and the captured graphs each hold memory. Returns what neither uses now to the system, so that the other can
  /// have it.
  void trim() {
    cudaStreamSynchronize(stream_);
    cudaMemPoolTrimTo(pool_, 0);
    cudaDeviceGraphMemTrim(device_);
    cudaGetLastError();
  }

  void count(int64_t bytes) {
    const size_t now = now_ += static_cast<size_t>(bytes);
    size_t peak = peak_;
    while (now > peak && !peak_.compare_exchange_weak(peak, now)) {}
  }
  MemoryUse use() const {
    uint64_t pooled = 0, graphs = 0;
    CUDA_CHECK(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &pooled));
    CUDA_CHECK(cudaDeviceGetGraphMemAttribute(device_, cudaGraphMemAttrReservedMemCurrent, &graphs));
    return {now_, peak_, pooled + graphs};
  }
  size_t now_bytes() const { return now_; }
  void reset_peak() { peak_ = now_.load(); }

  std::atomic<int64_t> allocations{0}, synchronisations{0}, host_copies{0}, replays{0};

 private:
  int device_;
  cudaStream_t stream_ = nullptr;  // lives as long as the process: a destructor here could run after the driver has gone
  cudaStream_t side_stream_ = nullptr;
  cudaEvent_t passed_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  std::atomic<size_t> now_{0}, peak_{0};
};

Card& card(int device) {
  static std::mutex mutex;
  static auto* const cards = new std::map<int, std::unique_ptr<Card>>;  // tensors with static lifetime may outlast it
  std::lock_guard lock(mutex);
  auto& entry = (*cards)[device];
  if (entry) return *entry;
  entry = std::make_unique<Card>(device);
  for (const auto& [other, card] : *cards) {
    if (other != device) card->show_to(device), entry->show_to(other);
  }
  return *entry;
}

struct Found {
  int count = 0;
  std::string why_none;
};

const Found& found() {
  static const Found result = [] {
    Found f;
    const cudaError_t status = cudaGetDeviceCount(&f.count);
    if (status == cudaSuccess && f.count > 0) return f;
    f.count = 0;
    f.why_none = status == cudaErrorInsufficientDriver || status == cudaErrorNoDevice || status == cudaSuccess
                     ? "no NVIDIA driver or card was found"
                     : cudaGetErrorString(status);
    cudaGetLastError();  // the failed call must not show up in a later check
    return f;
  }();
  return result;
}

}  // namespace

int count() { return found().count; }
std::string why_none() { return found().why_none; }

Properties properties(int device) {
  cudaDeviceProp p{};
  CUDA_CHECK(cudaGetDeviceProperties(&p, device));
  return {p.name, p.major * 10 + p.minor, p.multiProcessorCount, p.totalGlobalMem, static_cast<size_t>(p.l2CacheSize)};
}

void* stream(int device) {
  int now = 0;
  CUDA_CHECK(cudaGetDevice(&now));
  if (now != device) CUDA_CHECK(cudaSetDevice(device));
  return card(device).stream();
}

void synchronize(int device) {
  ++card(device).synchronisations;
  CUDA_CHECK(cudaStreamSynchronize(card(device).stream()));
}

void* side_stream(int device) { return card(device).side_stream(); }

void fork_side_stream(int device) {
  Card& here = card(device);
  const cudaStream_t side = here.side_stream();
  here.order(here.stream(), side);
}

void join_side_stream(int device) {
  Card& here = card(device);
  const cudaStream_t side = here.side_stream();
  here.order(side, here.stream());
}

void* allocate(size_t bytes, int device) {
  if (capture) capture->check_device(device);
  Current current(device);
  Card& here = card(device);
  void* p = nullptr;
  cudaError_t status = cudaMallocAsync(&p, bytes, here.stream());
  if (status == cudaErrorMemoryAllocation && !capture) {
    cudaGetLastError();
    here.trim();
    status = cudaMallocAsync(&p, bytes, here.stream());
  }
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    const double gib = 1024.0 * 1024 * 1024;
    throw DeviceError(fmt::format(
        "cuda:{} is out of memory: {:.2f} GiB asked for, {:.2f} GiB held; use a smaller `batch_size` or `precision` bf16", device,
        static_cast<double>(bytes) / gib, static_cast<double>(here.now_bytes()) / gib));
  }
  CUDA_CHECK(status);
  here.count(static_cast<int64_t>(bytes));
  if (capture) capture->made(p, bytes);
  else ++here.allocations;
  return p;
}

void release(void* p, size_t bytes, int device) noexcept {
  if (capture && capture->device() == device && !capture->let_go(p, bytes)) return;
  if (cudaFreeAsync(p, card(device).stream()) != cudaSuccess) cudaGetLastError();  // the driver was shut down before us
  card(device).count(-static_cast<int64_t>(bytes));
}

void copy(void* to, const void* from, size_t bytes, Copy direction, int device) {
  const auto kind = direction == Copy::host_to_device   ? cudaMemcpyHostToDevice
                    : direction == Copy::device_to_host ? cudaMemcpyDeviceToHost
                                                        : cudaMemcpyDeviceToDevice;
  Current current(device);  // the runtime asks for it where memory is of a pool
  // Pageable host memory has been read on return: the caller may reuse it while the copy is still running.
  CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, card(device).stream()));
  if (direction != Copy::device_to_device) ++card(device).host_copies;
  if (direction == Copy::device_to_host) synchronize(device);
}

void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int device) {
  Current current(device);
  CUDA_CHECK(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, bytes, static_cast<size_t>(rows), cudaMemcpyDeviceToDevice,
                               card(device).stream()));
}

void copy_between(void* to, int to_device, const void* from, int from_device, size_t bytes) {
  Current current(to_device);
  card(from_device);  // shows its memory
  CUDA_CHECK(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, card(to_device).stream()));
}

void wait_for(int device, int other) {
  cudaEvent_t done = nullptr;
  {
    Current current(other);
    CUDA_CHECK(cudaEventCreateWithFlags(&done, cudaEventDisableTiming));
    CUDA_CHECK(cudaEventRecord(done, card(other).stream()));
  }
  Current current(device);
  const cudaError_t status = cudaStreamWaitEvent(card(device).stream(), done, 0);
  cudaEventDestroy(done);  // the runtime keeps it until it has happened
  CUDA_CHECK(status);
}

void fill(void* p, int byte, size_t bytes, int device) {
  Current current(device);
  CUDA_CHECK(cudaMemsetAsync(p, byte, bytes, card(device).stream()));
}

struct CapturedGraph::State {
  explicit State(int device) : memory(device) {}

  cudaGraphExec_t executable = nullptr;
  CaptureMemory memory;

  int device() const { return memory.device(); }
};

namespace {

/// Returns memory from before the capture to the pool, in stream order: after all replays.
void release_kept(const CaptureMemory& memory) {
  for (const auto& [p, bytes] : memory.kept()) release(p, bytes, memory.device());
}

/// The graph of what `work` enqueues on the stream. Memory that `work` allocates and releases belongs to the graph.
cudaGraph_t captured(CaptureMemory& memory, const std::function<void()>& work) {
  const cudaStream_t stream = card(memory.device()).stream();
  cudaGraph_t graph = nullptr;
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  capture = &memory;
  try {
    work();
    memory.check_all_let_go();
  } catch (...) {
    capture = nullptr;
    cudaStreamEndCapture(stream, &graph);  // leaves the stream usable; the broken graph is dropped
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();
    release_kept(memory);
    throw;
  }
  capture = nullptr;
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  return graph;
}

}  // namespace

CapturedGraph::CapturedGraph(int device, const std::function<void()>& work) : state_(std::make_unique<State>(device)) {
  Current current(device);
  const cudaGraph_t graph = captured(state_->memory, work);
  const cudaError_t status = cudaGraphInstantiate(&state_->executable, graph, 0);
  cudaGraphDestroy(graph);
  CUDA_CHECK(status);
  card(device).trim();  // memory that the same work took from the pool when run eagerly
}

CapturedGraph::~CapturedGraph() {
  release_kept(state_->memory);
  cudaStreamSynchronize(card(state_->device()).stream());
  cudaGraphExecDestroy(state_->executable);
  card(state_->device()).trim();
}

void CapturedGraph::replay() const {
  Current current(state_->device());
  Card& here = card(state_->device());
  ++here.replays;
  cudaError_t status = cudaGraphLaunch(state_->executable, here.stream());
  if (status == cudaErrorMemoryAllocation) {  // the pool may hold memory from eager work between replays
    cudaGetLastError();
    here.trim();
    status = cudaGraphLaunch(state_->executable, here.stream());
  }
  CUDA_CHECK(status);
}

bool is_capturing() { return capture != nullptr; }

Activity activity(int device) {
  const Card& c = card(device);
  return {c.allocations, c.synchronisations, c.host_copies, c.replays};
}

MemoryUse memory_use(int device) { return card(device).use(); }
void reset_peak(int device) { card(device).reset_peak(); }

}  // namespace cudenza::gpu
