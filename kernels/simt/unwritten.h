/// Finds reads of memory that nothing has written: fresh device memory, and shared memory of a block that has just begun. The
/// NaNs that such memory holds here show it only where they reach a result.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "kernels/simt/tracer.h"

namespace simt {

/// While it lives, a launch that reads such a byte ends with std::logic_error, which names the kernel, the line and the thread.
/// It knows memory that was allocated since it began.
class UnwrittenDetector : public Tracer {
 public:
  void begin_launch(const Launch&) override;
  void begin_block() override;
  void access(const Access&) override;
  void new_memory(const void*, size_t bytes, Space) override;
  void wrote(const void*, size_t bytes) override;
  void end_launch(const Launch&) override;

 private:
  struct Memory {
    uintptr_t end;
    Space space;
    std::vector<bool> written;
  };
  struct Read {
    Space space;
    dim3 block;
    unsigned thread;
  };
  void mark(uintptr_t begin, size_t bytes);
  /// What an address lies in, by its begin; end() of memories_: nothing that is known.
  std::map<uintptr_t, Memory>::iterator memory_of(uintptr_t address);

  std::map<uintptr_t, Memory> memories_;  ///< by where they begin
  std::map<uintptr_t, Read> reads_;       ///< the first of each place in the program
};

}  // namespace simt
