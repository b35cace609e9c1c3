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

  explicit CaptureMemory(int device) : device_(device) {}

  int device() const { return device_; }
  /// Throws std::logic_error for work on another device, which the graph would not hold.
  void check_device(int device) const {
    if (device != device_)
      throw std::logic_error(fmt::format("a capture of cuda:{}: its work makes a tensor on cuda:{}", device_, device));
  }
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
  int device_;
  std::map<void*, size_t> living_;
  std::vector<Piece> kept_;
};

}  // namespace cudenza::gpu
