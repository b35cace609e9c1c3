/// NCCL is loaded at first use: a program that does not need it starts without it, and runs where it is not installed.
#include <cuda_bf16.h>  // else an older nccl.h has no bf16
#include <dlfcn.h>
#include <nccl.h>

#include "engine/core/gpu.h"
#include "engine/core/ranks.h"
#include "engine/parallel/gpu_link.h"

namespace cudenza {
namespace {

/// The library's functions, as nccl.h declares them.
struct Nccl {
  decltype(&ncclGetUniqueId) get_unique_id;
  decltype(&ncclCommInitRank) comm_init_rank;
  decltype(&ncclAllReduce) all_reduce;
  decltype(&ncclBroadcast) broadcast;
  decltype(&ncclGroupStart) group_start;
  decltype(&ncclGroupEnd) group_end;
  decltype(&ncclGetErrorString) error_string;

  Nccl() {
    void* const library =
        dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);  // stays until the program ends, as its communicator does
    if (!library)
      throw DeviceError(fmt::format(
          "processes on several GPUs need NCCL, which cannot be loaded: {}; install it, or use `device` cpu", dlerror()));
    const auto load = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      if (!function) throw DeviceError(fmt::format("NCCL has no {}: it is too old; install version 2.10 or later", name));
    };
    load(get_unique_id, "ncclGetUniqueId");
    load(comm_init_rank, "ncclCommInitRank");
    load(all_reduce, "ncclAllReduce");
    load(broadcast, "ncclBroadcast");
    load(group_start, "ncclGroupStart");
    load(group_end, "ncclGroupEnd");
    load(error_string, "ncclGetErrorString");
  }
  void check(ncclResult_t result, const char* what) const {
    if (result != ncclSuccess) throw DeviceError(fmt::format("NCCL: {}: {}", what, error_string(result)));
  }
};

class NcclLink : public GpuLink {
 public:
  NcclLink(const GpuLinkPlace& place, const std::function<void(void*, size_t)>& send_first) : place_(place) {
    ncclUniqueId id{};
    if (place.rank == 0) nccl_.check(nccl_.get_unique_id(&id), "ncclGetUniqueId");
    send_first(&id, sizeof id);
    gpu::stream(place.device);  // makes the device current
    nccl_.check(nccl_.comm_init_rank(&communicator_, place.size, id, place.rank), "ncclCommInitRank");
  }

  void sum(const Tensor& t) override { sum_on(stream(), t); }
  /// One communicator serves both streams: NCCL runs its calls in the order in which they are made, which is that of all ranks.
  /// With one each, two GPUs could begin with different calls and wait for each other.
  void start_sum(const Tensor& t) override {
    gpu::fork_side_stream(place_.device);
    sum_on(static_cast<cudaStream_t>(gpu::side_stream(place_.device)), t);
    has_started_ = true;
  }
  void finish_sums() override {
    if (std::exchange(has_started_, false)) gpu::join_side_stream(place_.device);
  }
  void broadcast(const Tensor& t) override { send(static_cast<char*>(t.raw()), t.bytes(), 0); }
  void gather(const Tensor& t) override {
    const size_t row_bytes = t.size(0) == 0 ? 0 : t.bytes() / static_cast<size_t>(t.size(0));
    nccl_.check(nccl_.group_start(), "ncclGroupStart");
    for (int r = 0; r < place_.size; ++r) {
      const Share share = share_of(t.size(0), r, place_.size);
      send(static_cast<char*>(t.raw()) + static_cast<size_t>(share.begin) * row_bytes,
           static_cast<size_t>(share.count) * row_bytes, r);
    }
    nccl_.check(nccl_.group_end(), "ncclGroupEnd");
  }

 private:
  void sum_on(cudaStream_t stream, const Tensor& t) {
    Ranks::check_can_sum(t.dtype());
    const ncclDataType_t type = t.dtype() == DType::f32 ? ncclFloat32 : t.dtype() == DType::bf16 ? ncclBfloat16 : ncclFloat64;
    nccl_.check(nccl_.all_reduce(t.raw(), t.raw(), static_cast<size_t>(t.numel()), type, ncclSum, communicator_, stream),
                "ncclAllReduce");
  }
  cudaStream_t stream() const { return static_cast<cudaStream_t>(gpu::stream(place_.device)); }
  void send(char* bytes, size_t count, int from) {
    nccl_.check(nccl_.broadcast(bytes, bytes, count, ncclUint8, from, communicator_, stream()), "ncclBroadcast");
  }

  Nccl nccl_;
  GpuLinkPlace place_;
  ncclComm_t communicator_ = nullptr;
  bool has_started_ = false;
};

}  // namespace

std::unique_ptr<GpuLink> link_gpus(const GpuLinkPlace& place, const std::function<void(void*, size_t)>& send_first) {
  return std::make_unique<NcclLink>(place, send_first);
}

}  // namespace cudenza
