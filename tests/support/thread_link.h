/// Ranks that are threads with an emulated device each (tests/support/gpu_simt.cpp): what stands in for NCCL is enqueued, may be
/// captured, and meets the other threads when it is done.
#pragma once
#include "engine/core/gpu.h"
#include "engine/parallel/gpu_link.h"
#include "kernels/simt/tracer.h"
#include "tests/support/thread_ranks.h"

namespace cudenza::testing {

class ThreadLink : public GpuLink {
 public:
  struct Shared : ThreadRanks::Shared {
    explicit Shared(int size) : ThreadRanks::Shared(size), parts(static_cast<size_t>(size)) {}
    std::vector<void*> parts;
  };
  ThreadLink(const GpuLinkPlace& place, Shared& shared) : place_(place), shared_(shared) {}

  void sum(const Tensor& t) override {
    if (t.dtype() == DType::f64) return sum_of<double>(t);
    require(t.dtype() == DType::f32, "ThreadLink: sums f32 and f64, but got {}", t.dtype());
    sum_of<float>(t);
  }
  void start_sum(const Tensor& t) override { sum(t); }
  void finish_sums() override {}
  void broadcast(const Tensor& t) override {
    enqueue(t, [this, bytes = t.bytes()] { return std::vector(as_chars(shared_.parts[0]), as_chars(shared_.parts[0]) + bytes); });
  }
  void gather(const Tensor& t) override {
    enqueue(t, [this, bytes = t.bytes(), rows = t.size(0)] {
      std::vector<char> whole(bytes);
      const size_t row = bytes / static_cast<size_t>(rows);
      for (int r = 0; r < place_.size; ++r) {
        const Share share = share_of(rows, r, place_.size);
        const auto begin = static_cast<size_t>(share.begin) * row, count = static_cast<size_t>(share.count) * row;
        std::memcpy(whole.data() + begin, as_chars(shared_.parts[static_cast<size_t>(r)]) + begin, count);
      }
      return whole;
    });
  }

 private:
  static const char* as_chars(const void* p) { return static_cast<const char*>(p); }

  template <class T> void sum_of(const Tensor& t) {
    enqueue(t, [this, count = static_cast<size_t>(t.numel())] {
      std::vector<T> sum(count);
      for (const void* part : shared_.parts) {
        for (size_t i = 0; i < count; ++i) sum[i] += static_cast<const T*>(part)[i];
      }
      return std::vector(as_chars(sum.data()), as_chars(sum.data()) + count * sizeof(T));
    });
  }

  /// t becomes what `joined` makes of all parts. While all threads are in it, each one's device is at work, and its memory open.
  void enqueue(const Tensor& t, const std::function<std::vector<char>()>& joined) {
    const auto work = [this, joined, to = t.raw()] {
      shared_.parts[static_cast<size_t>(place_.rank)] = to;
      shared_.all.arrive_and_wait();
      const std::vector<char> result = joined();
      shared_.all.arrive_and_wait();  // all have read
      std::memcpy(to, result.data(), result.size());
      simt::tell_wrote(to, result.size());
    };
    simt::enqueue(work, gpu::stream(place_.device));
  }

  GpuLinkPlace place_;
  Shared& shared_;
};

/// Tensors of the host go by ThreadRanks, those of devices by the link.
class DeviceRanks : public ThreadRanks {
 public:
  using Shared = ThreadLink::Shared;
  DeviceRanks(int rank, Shared& shared)
      : ThreadRanks(rank, shared), link_({.rank = rank, .size = size(), .device = rank}, shared) {}

  ~DeviceRanks() override { gpu::synchronize(rank()); }  // what is enqueued needs the link

  int local_rank() const override { return rank(); }
  void sum(const Tensor& t) override { t.device().is_cuda() ? link_.sum(t) : ThreadRanks::sum(t); }
  void broadcast(const Tensor& t) override { t.device().is_cuda() ? link_.broadcast(t) : ThreadRanks::broadcast(t); }
  void gather(const Tensor& t) override { t.device().is_cuda() ? link_.gather(t) : ThreadRanks::gather(t); }
  /// A device goes on while its host waits for others: they may be waiting for it.
  void barrier() override {
    gpu::synchronize(rank());
    ThreadRanks::barrier();
  }

 private:
  ThreadLink link_;
};

}  // namespace cudenza::testing
