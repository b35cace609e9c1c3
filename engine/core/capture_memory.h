/// The memory that captured work makes and lets go: one set of rules for CUDA's graphs and for the tests' stand-in.
#pragma once
#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cudenza::gpu {

class CaptureMemory {
 public:
  using Piece = std::pair<void*, size_t>;

  void made(void* p, size_t bytes) { living_.emplace(p, bytes); }
  /// Whether the work itself made the piece, so that its release is part of the graph. What was there before is kept
  /// instead: the work before this point reads it at every replay.
  bool let_go(void* p, size_t bytes) {
    if (living_.erase(p) > 0) return true;
    kept_.emplace_back(p, bytes);
    return false;
  }
  /// To be asked when the work has been captured.
  void check_all_let_go() const {
    if (living_.empty()) return;
    throw std::logic_error(
        fmt::format("a capture: {} tensors made in the captured work outlive it, the first of {} bytes; "
                    "copy results into tensors made before",
                    living_.size(), living_.begin()->second));
  }
  const std::vector<Piece>& kept() const { return kept_; }

 private:
  std::map<void*, size_t> living_;
  std::vector<Piece> kept_;
};

}  // namespace cudenza::gpu
