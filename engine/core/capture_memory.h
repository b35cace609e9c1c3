/// Memory allocated and freed during a capture: the same rules for CUDA graphs and for the tests' stand-in.
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
  /// Returns true if the captured work allocated the piece: its release is then part of the graph. Memory from before the
  /// capture is kept instead, because captured work reads it at every replay.
  bool let_go(void* p, size_t bytes) {
    if (living_.erase(p) > 0) return true;
    kept_.emplace_back(p, bytes);
    return false;
  }
  /// Call at the end of the capture. Throws std::logic_error if memory made in it is still in use.
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
