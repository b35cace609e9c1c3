/// A cudenza without NCCL.
#include "engine/parallel/gpu_link.h"

namespace cudenza {

std::unique_ptr<GpuLink> link_gpus(const GpuLinkPlace& place, const std::function<void(void*, size_t)>&) {
  throw DeviceError(
      fmt::format("{} processes on GPUs need NCCL, which this cudenza was built without; install it (nccl.h) and build "
                  "anew, or use `device` cpu",
                  place.size));
}

}  // namespace cudenza
