/// The processes that train one network together, called ranks as MPI does: each computes its share of every batch, and sums
/// over all of them make the shares one. This is the seam; engine/parallel puts MPI and NCCL behind it.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

/// Neighbouring items of a whole: those number `begin` to `begin + count - 1`.
struct Share {
  int64_t begin = 0, count = 0;
  bool operator==(const Share&) const = default;
  /// These items of the whole.
  template <class T> std::span<T> of(std::span<T> whole) const {
    return whole.subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
  }
};
/// The share of rank number `rank` of `size`. Shares follow each other in the order of ranks and differ by at most one item.
Share share_of(int64_t whole, int rank, int size);

/// This class by itself is a process alone: its sums are what they were. Every rank makes the same calls in the same order, with
/// tensors of the same shape and dtype, all on its own device. Calls return when the result is there or, on a GPU, enqueued.
class Ranks {
 public:
  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  virtual int rank() const { return 0; }
  virtual int size() const { return 1; }
  virtual int local_rank() const { return 0; }  ///< counted on this machine: the number of its GPU

  /// t becomes its sum over all ranks, added in the order of ranks: the same bits everywhere, and at every call. f32, f64, or
  /// bf16, which is added in f32 and rounded once (NCCL adds in an order of its own, and may round bf16 at every term). A slice
  /// of a buffer will do.
  virtual void sum(const Tensor& /*t*/) {}
  /// Begins sum(t), which between GPUs goes on beside what the caller computes: t must stay as it is until finish_sums(). Every
  /// rank starts the same sums in the same order; other calls may come between.
  virtual void start_sum(const Tensor& t) { sum(t); }
  /// All sums started so far are there or, on a GPU, enqueued before what the engine enqueues next.
  virtual void finish_sums() {}
  /// Every rank gets rank 0's t.
  virtual void broadcast(const Tensor& /*t*/) {}
  /// Each rank has filled its share of t's first axis; now every rank gets all of it.
  virtual void gather(const Tensor& /*t*/) {}
  /// The texts of all ranks, in their order, at rank 0; elsewhere nothing.
  virtual std::vector<std::string> collect(const std::string& text) { return {text}; }
  /// Waits until every rank is here.
  virtual void barrier() {}
  /// The last call of a program: how it ends. With an error it ends the other ranks as well, and does not return.
  virtual void leave(int /*exit_code*/) {}

  bool is_alone() const { return size() == 1; }
  bool is_first() const { return rank() == 0; }  ///< the one that writes and prints
  Share share(int64_t whole) const { return share_of(whole, rank(), size()); }
  static void check_can_sum(DType);  ///< throws UsageError for what sum() does not take
  bool any(bool here);               ///< whether it is true on one rank at least
  double of_first(double value);     ///< rank 0's value
  /// The lists of all ranks one after another, in their order, at every rank.
  std::vector<std::string> joined(const std::vector<std::string>& own);
};

}  // namespace cudenza
