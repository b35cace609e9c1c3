/// What a kernel asks of memory, counted from every load and store of its source: what a card's profiler says, without a card.
///
/// A request is what the lanes of a warp load or store together. Lanes that come by an instruction for the k-th time are taken to
/// be there together. A card serves a request
///   from global memory by sectors of 32 bytes: a coalesced request of 32 floats needs 4, one with strides up to 32;
///   from shared memory by passes over 32 banks of 4 bytes: one pass if no two lanes want different words of one bank. Lanes that
///   want 8 bytes go by half warps, those that want 16 by quarters: 2 and 4 passes are the least.
/// A pack of more than 16 bytes (kernels/common/pack.cuh) goes by several instructions, which find each other's sectors in the
/// nearest cache: it counts as one request.
/// Caches are modelled in the simplest way: within a launch every sector of global memory comes once from memory and goes there
/// once. Registers, instructions and time are not seen.
///
/// Where only some blocks of a launch run (run_at_most), the others are taken to read and write as much.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels/simt/tracer.h"

namespace simt {

/// Of requests of one space.
struct Requests {
  uint64_t count = 0;
  uint64_t lanes = 0;   ///< active ones, over all requests
  uint64_t bytes = 0;   ///< distinct ones of each request
  uint64_t served = 0;  ///< in so many sectors, or passes
  uint64_t least = 0;   ///< that requests for as many bytes can do with

  void add(const Requests&);
  /// least / served; 1 for no requests.
  double efficiency() const { return served == 0 ? 1 : static_cast<double>(least) / static_cast<double>(served); }
};

/// Of all launches of a kernel.
struct KernelProfile {
  /// A load or a store in the program.
  struct Place {
    Space space = Space::global;
    bool writes = false;
    Requests requests = {};
  };
  uint64_t launches = 0, blocks = 0, threads = 0;
  uint64_t barriers = 0;                       ///< of blocks
  uint64_t bytes_read = 0, bytes_written = 0;  ///< whole sectors of global memory, each once a launch
  std::map<uintptr_t, Place> places = {};      ///< by address in the program (source_lines.h)

  Requests of(Space) const;
};

class Profiler : public Tracer {
 public:
  /// Since it began, by names as kernels_run() has them.
  const std::map<std::string, KernelProfile>& kernels() const { return kernels_; }

  void begin_launch(const Launch&) override;
  void begin_block() override;
  void block_barrier() override;
  void access(const Access&) override;
  void new_memory(const void*, size_t bytes, Space) override;
  void end_launch(const Launch&) override;
  void abandon_launch() override;

 private:
  using Log = std::vector<Access>;                            // of a thread, in a block
  using Together = std::vector<std::pair<unsigned, Access>>;  // lanes of one request
  struct Page {                                               // a bit for each sector of 4 KiB
    std::array<uint64_t, 2> read = {}, written = {};
  };
  void end_block();
  void count_warp(std::span<const Log> lanes);
  void count(const Together&);
  bool is_shared(uintptr_t address) const;
  void touch(const Access&);

  std::map<std::string, KernelProfile> kernels_;
  KernelProfile* kernel_ = nullptr;
  double blocks_for_one_ = 1;  // that a block which ran stands for
  std::vector<Log> logs_;
  std::vector<std::pair<uintptr_t, uintptr_t>> shared_;  // arrays of this block: begin, end
  std::unordered_map<uintptr_t, Page> pages_;
};

}  // namespace simt
