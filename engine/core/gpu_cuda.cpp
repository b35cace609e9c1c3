#include <atomic>
#include <map>
#include <memory>
#include <mutex>

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

/// What the engine keeps per device: its stream and a count of the bytes it holds.
class Card {
 public:
  explicit Card(int device) {
    Current current(device);
    CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    cudaMemPool_t pool = nullptr;
    CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, device));
    uint64_t keep_everything = UINT64_MAX;  // else every synchronisation would give the pool's memory back to the system
    CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep_everything));
  }
  cudaStream_t stream() const { return stream_; }

  void count(int64_t bytes) {
    const size_t now = now_ += static_cast<size_t>(bytes);
    size_t peak = peak_;
    while (now > peak && !peak_.compare_exchange_weak(peak, now)) {}
  }
  MemoryUse use() const { return {now_, peak_}; }
  void reset_peak() { peak_ = now_.load(); }

 private:
  cudaStream_t stream_ = nullptr;  // lives as long as the process: a destructor here could run after the driver has gone
  std::atomic<size_t> now_{0}, peak_{0};
};

Card& card(int device) {
  static std::mutex mutex;
  static std::map<int, std::unique_ptr<Card>> cards;
  std::lock_guard lock(mutex);
  auto& entry = cards[device];
  if (!entry) entry = std::make_unique<Card>(device);
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
    cudaGetLastError();  // the failed question must not surface in a later check
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

void* stream(int device) { return card(device).stream(); }

void synchronize(int device) { CUDA_CHECK(cudaStreamSynchronize(card(device).stream())); }

void* allocate(size_t bytes, int device) {
  Current current(device);
  void* p = nullptr;
  const cudaError_t status = cudaMallocAsync(&p, bytes, card(device).stream());
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    const double gib = 1024.0 * 1024 * 1024;
    throw DeviceError(fmt::format(
        "cuda:{} is out of memory: {:.2f} GiB asked for, {:.2f} GiB held; use a smaller --batch-size or --precision bf16", device,
        bytes / gib, memory_use(device).now_bytes / gib));
  }
  CUDA_CHECK(status);
  card(device).count(static_cast<int64_t>(bytes));
  return p;
}

void release(void* p, size_t bytes, int device) noexcept {
  cudaFreeAsync(p, card(device).stream());
  card(device).count(-static_cast<int64_t>(bytes));
}

void copy(void* to, const void* from, size_t bytes, Copy direction, int device) {
  const auto kind = direction == Copy::host_to_device   ? cudaMemcpyHostToDevice
                    : direction == Copy::device_to_host ? cudaMemcpyDeviceToHost
                                                        : cudaMemcpyDeviceToDevice;
  CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, card(device).stream()));
  if (direction == Copy::device_to_host) synchronize(device);
}

void copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t bytes, int64_t rows, int device) {
  CUDA_CHECK(cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, bytes, static_cast<size_t>(rows), cudaMemcpyDeviceToDevice,
                               card(device).stream()));
}

void fill(void* p, int byte, size_t bytes, int device) { CUDA_CHECK(cudaMemsetAsync(p, byte, bytes, card(device).stream())); }

struct Recording::State {
  int device = 0;
  cudaGraphExec_t executable = nullptr;
};

Recording::Recording(int device, const std::function<void()>& work) : state_(std::make_unique<State>()) {
  state_->device = device;
  Current current(device);
  const cudaStream_t stream = card(device).stream();
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    cudaStreamEndCapture(stream, &graph);  // leaves the stream usable; the broken graph is dropped
    if (graph) cudaGraphDestroy(graph);
    throw;
  }
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  // Memory that the work allocates and does not free belongs to the graph: each replay frees the last one's first.
  const cudaError_t status = cudaGraphInstantiate(&state_->executable, graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  cudaGraphDestroy(graph);
  CUDA_CHECK(status);
}

Recording::~Recording() {
  if (state_->executable) cudaGraphExecDestroy(state_->executable);
}

void Recording::replay() const { CUDA_CHECK(cudaGraphLaunch(state_->executable, card(state_->device).stream())); }

MemoryUse memory_use(int device) { return card(device).use(); }
void reset_peak(int device) { card(device).reset_peak(); }

}  // namespace cudenza::gpu
