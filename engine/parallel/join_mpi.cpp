#include <mpi.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/core/dispatch.h"
#include "engine/parallel/gpu_link.h"
#include "engine/parallel/join.h"

namespace cudenza {
namespace {

constexpr int64_t kTogether = 16 * 1024;          // bytes that every rank sends to all, for one message's delay instead of two
constexpr int64_t kPiece = int64_t{64} << 20;     // bytes that are summed at once: memory for as many is needed beside them
constexpr int64_t kMostBytes = int64_t{1} << 30;  // of one call, whose counts are int

/// Counts and positions of all ranks' shares, as MPI takes them.
struct Shares {
  std::vector<int> counts, begins;

  Shares(int64_t whole, int ranks, int64_t unit = 1) {
    for (int r = 0; r < ranks; ++r) {
      const Share share = share_of(whole, r, ranks);
      counts.push_back(static_cast<int>(share.count * unit));
      begins.push_back(static_cast<int>(share.begin * unit));
    }
  }
};

MPI_Datatype mpi_type(DType dtype) { return dtype == DType::f32 ? MPI_FLOAT : dtype == DType::bf16 ? MPI_UINT16_T : MPI_DOUBLE; }

/// to[i] = the sum of parts[r][i], in the order of r.
void add_parts(DType dtype, const void* parts, int ranks, int64_t count, void* to) {
  dispatch_floating("Ranks::sum", dtype, [&]<class T>() {
    const auto* const terms = static_cast<const T*>(parts);
    auto* const sums = static_cast<T*>(to);
#pragma omp parallel for simd
    for (int64_t i = 0; i < count; ++i) {
      auto sum = static_cast<acc_t<T>>(terms[i]);
      for (int r = 1; r < ranks; ++r) sum += static_cast<acc_t<T>>(terms[r * count + i]);
      sums[i] = static_cast<T>(sum);
    }
  });
}

/// Memory that is kept from call to call.
class Room {
 public:
  void* of(int64_t bytes) {
    values_.resize(std::max(values_.size(), static_cast<size_t>(bytes) / sizeof(double) + 1));
    return values_.data();
  }

 private:
  std::vector<double> values_;
};

/// Between processes: MPI for memory of the host, NCCL between GPUs.
class MpiRanks : public Ranks {
 public:
  MpiRanks() {
    int level = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm on_this_machine = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &on_this_machine);
    MPI_Comm_rank(on_this_machine, &local_rank_);
    MPI_Comm_free(&on_this_machine);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }

  void sum(const Tensor& t) override {
    if (t.device().is_cuda()) return link(t).sum(t);
    check_can_sum(t.dtype());
    if (static_cast<int64_t>(t.bytes()) <= kTogether) return sum_together(t);
    const auto unit = static_cast<int64_t>(size_of(t.dtype()));
    const int64_t most = kPiece / unit;
    for (int64_t at = 0; at < t.numel(); at += most)
      sum_by_parts(static_cast<char*>(t.raw()) + at * unit, std::min(most, t.numel() - at), t.dtype());
  }

  void start_sum(const Tensor& t) override {
    if (t.device().is_cuda()) return link(t).start_sum(t);
    check_can_sum(t.dtype());
    started_.push_back(t);
  }

  /// Those of the host's memory are made now: sent during the backward pass they took a tenth of ResNet34's images a second, for
  /// MPI moves nothing by itself while all cores compute (bench/results/scaling.md).
  void finish_sums() override {
    if (link_) link_->finish_sums();
    for (const Tensor& t : std::exchange(started_, {})) sum(t);
  }

  void broadcast(const Tensor& t) override {
    if (t.device().is_cuda()) return link(t).broadcast(t);
    auto* const bytes = static_cast<char*>(t.raw());
    const auto all = static_cast<int64_t>(t.bytes());
    for (int64_t at = 0; at < all; at += kMostBytes)
      MPI_Bcast(bytes + at, static_cast<int>(std::min(kMostBytes, all - at)), MPI_BYTE, 0, MPI_COMM_WORLD);
  }

  void gather(const Tensor& t) override {
    if (t.device().is_cuda()) return link(t).gather(t);
    const int64_t rows = t.size(0), bytes = static_cast<int64_t>(t.bytes());
    if (bytes == 0) return;
    if (bytes <= kMostBytes) {
      const Shares shares(rows, size_, bytes / rows);
      MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, t.raw(), shares.counts.data(), shares.begins.data(), MPI_BYTE,
                     MPI_COMM_WORLD);
      return;
    }
    for (int r = 0; r < size_; ++r) send_rows(t, share_of(rows, r, size_), r);
  }

  std::vector<std::string> collect(const std::string& text) override {
    require(std::ssize(text) <= kMostBytes / size_, "Ranks::collect: {} bytes are too many", text.size());
    const int length = static_cast<int>(text.size());
    std::vector<int> lengths(static_cast<size_t>(size_)), begins(lengths.size());
    MPI_Gather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
    std::exclusive_scan(lengths.begin(), lengths.end(), begins.begin(), 0);
    std::string all(is_first() ? static_cast<size_t>(begins.back() + lengths.back()) : 0, '\0');
    MPI_Gatherv(text.data(), length, MPI_BYTE, all.data(), lengths.data(), begins.data(), MPI_BYTE, 0, MPI_COMM_WORLD);
    std::vector<std::string> texts;
    for (size_t r = 0; is_first() && r < lengths.size(); ++r)
      texts.push_back(all.substr(static_cast<size_t>(begins[r]), static_cast<size_t>(lengths[r])));
    return texts;
  }

  void barrier() override { MPI_Barrier(MPI_COMM_WORLD); }

  void leave(int exit_code) override {
    if (exit_code == 0) MPI_Finalize();
    else MPI_Abort(MPI_COMM_WORLD, exit_code);
  }

 private:
  GpuLink& link(const Tensor& t) {
    if (!link_) {
      link_ = link_gpus({.rank = rank_, .size = size_, .device = t.device().index()}, [](void* bytes, size_t count) {
        MPI_Bcast(bytes, static_cast<int>(count), MPI_BYTE, 0, MPI_COMM_WORLD);
      });
    }
    return *link_;
  }

  /// Rank r gets its share of everybody's values, adds them, and gives the result to all.
  void sum_by_parts(char* values, int64_t count, DType dtype) {
    const Shares shares(count, size_);
    const auto own = static_cast<size_t>(rank_);
    const auto unit = static_cast<int64_t>(size_of(dtype));
    const int length = shares.counts[own];
    const MPI_Datatype type = mpi_type(dtype);
    void* const parts = room_.of(length * unit * size_);
    std::vector<int> lengths(static_cast<size_t>(size_), length), begins(lengths.size());
    std::exclusive_scan(lengths.begin(), lengths.end(), begins.begin(), 0);
    MPI_Alltoallv(values, shares.counts.data(), shares.begins.data(), type, parts, lengths.data(), begins.data(), type,
                  MPI_COMM_WORLD);
    add_parts(dtype, parts, size_, length, values + shares.begins[own] * unit);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, shares.counts.data(), shares.begins.data(), type, MPI_COMM_WORLD);
  }

  /// Everybody sends everything, and adds everything.
  void sum_together(const Tensor& t) {
    const int count = static_cast<int>(t.numel());
    const MPI_Datatype type = mpi_type(t.dtype());
    void* const parts = room_.of(static_cast<int64_t>(t.bytes()) * size_);
    MPI_Allgather(t.raw(), count, type, parts, count, type, MPI_COMM_WORLD);
    add_parts(t.dtype(), parts, size_, count, t.raw());
  }

  void send_rows(const Tensor& t, const Share& share, int from) {
    const int64_t row_bytes = static_cast<int64_t>(t.bytes()) / t.size(0), end = (share.begin + share.count) * row_bytes;
    auto* const bytes = static_cast<char*>(t.raw());
    for (int64_t at = share.begin * row_bytes; at < end; at += kMostBytes)
      MPI_Bcast(bytes + at, static_cast<int>(std::min(kMostBytes, end - at)), MPI_BYTE, from, MPI_COMM_WORLD);
  }

  int rank_ = 0, size_ = 1, local_rank_ = 0;
  Room room_;
  std::vector<Tensor> started_;
  std::unique_ptr<GpuLink> link_;  // made when first needed, on the one device of this process
};

}  // namespace

std::shared_ptr<Ranks> join(const Launch& launch) {
  if (launch.size == 1) return std::make_shared<Ranks>();
  const auto ranks = std::make_shared<MpiRanks>();
  require(ranks->size() == launch.size,
          "this is one of {} processes, but MPI finds {}: the launcher belongs to another MPI; start it by that of {}",
          launch.size, ranks->size(), parallel_library());
  return ranks;
}

std::string parallel_library() {
#if defined(OMPI_MAJOR_VERSION)
  return fmt::format("Open MPI {}.{}.{}", OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
#else
  return fmt::format("MPI {}.{}", MPI_VERSION, MPI_SUBVERSION);
#endif
}

}  // namespace cudenza
