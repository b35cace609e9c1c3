/// Finds data races in kernels that run on the host: two threads touch a byte, at least one writes it, and no barrier and no end
/// of a kernel stands between. Three orders of threads show a race only if it changes a result; this shows it in any order.
///
/// It hears of accesses from code that GCC compiles with -fsanitize=thread: a call to __tsan_read4(p) and its like stands before
/// each load and store. They are linked to the functions of races.cpp in place of GCC's runtime, which knows threads of the
/// operating system alone.
#pragma once
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/simt/simt.h"

namespace simt {

/// While it lives, a launch whose threads race ends with std::logic_error, which names both places and both threads.
/// One at a time, on one OS thread.
///
/// What stands between two accesses: for threads of a block its barriers; for lanes of a warp also what they meet at (__syncwarp,
/// shuffles, votes), by vector clocks (Mattern 1989); for threads of different blocks nothing.
class RaceDetector : public Tracer {
 public:
  RaceDetector();
  ~RaceDetector() override;
  RaceDetector(const RaceDetector&) = delete;

  void begin_launch(unsigned threads) override;
  void begin_block() override;
  void block_barrier() override;
  void warp_barrier(unsigned first, unsigned mask) override;
  void forget(const void* memory, size_t bytes) override;
  void end_launch() override;

  /// The running thread reads or writes memory, at `place` in the program.
  void access(uintptr_t address, size_t bytes, bool writes, uintptr_t place);
  uint64_t accesses() const { return accesses_; }
  uint64_t launches() const { return launches_; }

 private:
  struct Mark {
    uint64_t block = 0;  ///< counted over all launches; 0: nobody
    uint32_t barriers = 0, clock = 0;
    uint32_t thread = 0;
    uintptr_t place = 0;
  };
  /// The last accesses of a byte: of two readers, since one of them may be the writer that comes next.
  struct Byte {
    Mark writer, reader, other_reader;
  };
  struct Race {
    Mark first, second;
    bool first_writes, second_writes;
  };

  bool is_ordered(const Mark& before) const;
  void check(const Mark& before, bool before_writes, const Mark& now, bool now_writes);
  std::string text_of(const Race&) const;

  std::unordered_map<uintptr_t, Byte> bytes_;
  std::vector<std::array<uint32_t, kWarp>> clocks_;  ///< [thread][lane]: how often that lane had met others, as far as it knows
  uint64_t block_ = 0, accesses_ = 0, launches_ = 0;
  uint32_t barriers_ = 0;
  bool runs_ = false;
  std::vector<Race> races_;
  std::set<std::pair<uintptr_t, uintptr_t>> places_;
};

}  // namespace simt
