/// Finds data races in kernels that run on the host: two threads touch a byte, at least one writes it, and no barrier and no end
/// of a kernel stands between. Three orders of threads show a race only if it changes a result; this shows it in any order.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/simt/source_lines.h"
#include "kernels/simt/tracer.h"

namespace simt {

/// While it lives, a launch whose threads race ends with std::logic_error, which names the kernel, both places and both threads.
///
/// What stands between two accesses: for threads of a block its barriers; for lanes of a warp also what they meet at (__syncwarp,
/// shuffles, votes), by vector clocks (Mattern 1989); for threads of different blocks nothing.
class RaceDetector : public Tracer {
 public:
  void begin_launch(const Launch&) override;
  void begin_block() override;
  void block_barrier() override;
  void warp_barrier(unsigned first, unsigned mask) override;
  void access(const Access&) override;
  void new_memory(const void*, size_t bytes, Space) override;
  void end_launch(const Launch&) override;

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
  std::string text_of(const Race&, const std::map<uintptr_t, SourceLine>&) const;

  std::unordered_map<uintptr_t, Byte> bytes_;
  std::vector<std::array<uint32_t, kWarp>> clocks_;  ///< [thread][lane]: how often that lane had met others, as far as it knows
  uint64_t block_ = 0, accesses_ = 0, launches_ = 0;
  uint32_t barriers_ = 0;
  std::vector<Race> races_;
  std::set<std::pair<uintptr_t, uintptr_t>> places_;
};

}  // namespace simt
