/// A plan for the memory of a computation that runs again and again with arrays of the same sizes: one block serves them all.
///
///   MemoryPlan plan;
///   Tensor y = plan.run([&] { return network(x); });  // the first call notes what is made and let go, and in which order;
///   y = plan.run([&] { return network(x); });         // later ones take their arrays from one block, where those that are never
///                                                     // there at the same time share places
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace cudenza {

class Storage;

/// What a plan's arrays are cut from.
struct PlannedBlock {
  std::unique_ptr<Storage> memory;
  std::atomic<int> living = 0;  ///< arrays in it
};

/// For arrays on the CPU that the calling thread makes. What outlives its run, such as the result, comes from the pool as ever. A
/// run that asks for other arrays than the one before gets them from the pool, and is noted anew at the next call.
class MemoryPlan {
 public:
  MemoryPlan() = default;
  MemoryPlan(const MemoryPlan&) = delete;
  MemoryPlan& operator=(const MemoryPlan&) = delete;

  template <class F> auto run(F&& f) {
    const Run now(*this);
    return f();
  }
  /// Of the block: the most that is needed at any time, or little more. 0 until a run was noted.
  size_t bytes() const { return bytes_; }
  /// Gives the block back; it is made again when it is needed.
  void release() { block_.reset(); }

  // For Storage.
  static MemoryPlan* active();
  /// The place of the next array, and the block that it lies in; null: take it from the pool, then call made().
  void* take(size_t bytes, std::shared_ptr<PlannedBlock>& block);
  void made(void* p, size_t bytes) noexcept;
  void let_go(void* p) noexcept;

 private:
  enum class State : uint8_t { noting, serving, astray /*!< this run asks for other arrays */ };

  /// An array: when it was made and let go, counted in such events, and its place in the block.
  struct Array {
    size_t bytes;
    int64_t begin, end = kNever;
    size_t at = 0;
  };
  static constexpr int64_t kNever = INT64_MAX;  ///< of what outlives the run

  class Run {
   public:
    explicit Run(MemoryPlan&);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

   private:
    MemoryPlan& plan_;
    MemoryPlan* outer_;
  };

  void begin();
  void end() noexcept;
  void choose_places();

  State state_ = State::noting;
  std::vector<Array> arrays_;
  std::map<void*, size_t> noted_;  ///< of arrays that there are: number, by address
  int64_t clock_ = 0;
  size_t next_ = 0, bytes_ = 0;
  std::shared_ptr<PlannedBlock> block_;
};

}  // namespace cudenza
