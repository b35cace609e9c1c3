#include <mpi.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>
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

/// Sums that go on beside other work: each rank gets its share of everybody's values, adds them, and gives the result to all.
/// What one call began, the next one or finish() takes further, so that messages travel while the caller computes.
class StartedSums {
 public:
  StartedSums(MPI_Comm ranks, int rank, int size) : ranks_(ranks), rank_(rank), size_(size) {}

  void start(const Tensor& t) {
    const auto unit = static_cast<int64_t>(size_of(t.dtype()));
    const int64_t most = kPiece / unit;
    for (int64_t at = 0; at < t.numel(); at += most)
      start_piece(static_cast<char*>(t.raw()) + at * unit, std::min(most, t.numel() - at), t.dtype());
  }

  void finish() {
    add_and_give();
    for (Piece& piece : pieces_) MPI_Wait(&piece.request, MPI_STATUS_IGNORE);
    pieces_.clear();
  }

 private:
  /// What MPI reads until a request is done.
  struct Piece {
    char* values;
    DType dtype;
    Shares shares;
    std::vector<int> lengths, begins;  // of everybody's values of the own share
    MPI_Request request = MPI_REQUEST_NULL;
  };

  void start_piece(char* values, int64_t count, DType dtype) {
    add_and_give();
    Piece& piece = pieces_.emplace_back(Piece{values, dtype, Shares(count, size_), {}, {}});
    const int length = piece.shares.counts[static_cast<size_t>(rank_)];
    for (int r = 0; r < size_; ++r) piece.lengths.push_back(length), piece.begins.push_back(r * length);
    const MPI_Datatype type = mpi_type(dtype);
    parts_ = room_.of(int64_t{length} * size_ * static_cast<int64_t>(size_of(dtype)));
    MPI_Ialltoallv(values, piece.shares.counts.data(), piece.shares.begins.data(), type, parts_, piece.lengths.data(),
                   piece.begins.data(), type, ranks_, &piece.request);
  }

  /// The last piece's parts, once they have come.
  void add_and_give() {
    const void* const parts = std::exchange(parts_, nullptr);
    if (!parts) return;
    Piece& piece = pieces_.back();
    const auto own = static_cast<size_t>(rank_);
    MPI_Wait(&piece.request, MPI_STATUS_IGNORE);
    const int64_t begin = piece.shares.begins[own] * static_cast<int64_t>(size_of(piece.dtype));
    add_parts(piece.dtype, parts, size_, piece.shares.counts[own], piece.values + begin);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, piece.values, piece.shares.counts.data(), piece.shares.begins.data(),
                    mpi_type(piece.dtype), ranks_, &piece.request);
  }

  MPI_Comm ranks_;
  int rank_, size_;
  std::deque<Piece> pieces_;
  Room room_;
  void* parts_ = nullptr;  // that are on their way
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
    MPI_Comm beside = MPI_COMM_NULL;  // so that other calls may come between
    MPI_Comm_dup(MPI_COMM_WORLD, &beside);
    whole_.emplace(MPI_COMM_WORLD, rank_, size_);
    started_.emplace(beside, rank_, size_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }

  void sum(const Tensor& t) override {
    if (t.device().is_cuda()) return link(t).sum(t);
    check_can_sum(t.dtype());
    if (static_cast<int64_t>(t.bytes()) <= kTogether) return sum_together(t);
    whole_->start(t);
    whole_->finish();
  }

  void start_sum(const Tensor& t) override {
    if (t.device().is_cuda()) return link(t).start_sum(t);
    check_can_sum(t.dtype());
    started_->start(t);
  }

  void finish_sums() override {
    if (link_) link_->finish_sums();
    started_->finish();
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
  std::optional<StartedSums> whole_, started_;
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
