/// Sums between the GPUs of several processes.
#pragma once
#include <functional>
#include <memory>

#include "engine/core/tensor.h"

namespace cudenza {

/// Calls are enqueued on the engine's stream of the device, started sums on its side stream. All may be captured but for the
/// first one of each.
class GpuLink {
 public:
  GpuLink() = default;
  virtual ~GpuLink() = default;
  GpuLink(const GpuLink&) = delete;
  GpuLink& operator=(const GpuLink&) = delete;

  virtual void sum(const Tensor&) = 0;
  virtual void start_sum(const Tensor&) = 0;
  virtual void finish_sums() = 0;
  virtual void broadcast(const Tensor&) = 0;
  virtual void gather(const Tensor&) = 0;
};

struct GpuLinkPlace {
  int rank, size, device;
};

/// By NCCL, which is loaded when this is called. `send_first` gives all ranks the first one's bytes. Throws DeviceError with the
/// reason if this cudenza was built without NCCL's header, or the library cannot be loaded.
std::unique_ptr<GpuLink> link_gpus(const GpuLinkPlace&, const std::function<void(void* bytes, size_t count)>& send_first);

}  // namespace cudenza
