/// NCCL is loaded at first use: a program that does not need it starts without it, and runs where it is not installed.
#include <cuda_bf16.h>  // else an older nccl.h has no bf16
#include <nccl.h>

#include "engine/core/gpu.h"
#include "engine/core/ranks.h"
#include "engine/core/shared_library.h"
#include "engine/parallel/gpu_link.h"

namespace cudenza {
namespace {

/// The library's functions, as nccl.h declares them.
struct Nccl {
  SharedLibrary library{"libnccl.so.2", "several processes on GPUs need NCCL 2.10 or later: install it, or use `device` cpu"};
  decltype(ncclGetUniqueId)* get_unique_id = library.function<decltype(ncclGetUniqueId)>("ncclGetUniqueId");
  decltype(ncclCommInitRank)* comm_init_rank = library.function<decltype(ncclCommInitRank)>("ncclCommInitRank");
  decltype(ncclAllReduce)* all_reduce = library.function<decltype(ncclAllReduce)>("ncclAllReduce");
  decltype(ncclBroadcast)* broadcast = library.function<decltype(ncclBroadcast)>("ncclBroadcast");
  decltype(ncclGroupStart)* group_start = library.function<decltype(ncclGroupStart)>("ncclGroupStart");
  decltype(ncclGroupEnd)* group_end = library.function<decltype(ncclGroupEnd)>("ncclGroupEnd");
  decltype(ncclGetErrorString)* error_string = library.function<decltype(ncclGetErrorString)>("ncclGetErrorString");

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
