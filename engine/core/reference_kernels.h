/// Which of the CPU's two implementations ops use: the fast ones, or the plain loops that these are held against.
#pragma once
#include <utility>

namespace cudenza {

/// While it lives, this thread's ops on the CPU run the plain loops (kernels/*/X_reference.cpp, engine/libraries/reference)
/// instead of X_cpu.cpp, Winograd and oneDNN. In f64 they always do.
class ReferenceKernels {
 public:
  ReferenceKernels() : before_(std::exchange(active_, true)) {}
  ~ReferenceKernels() { active_ = before_; }
  ReferenceKernels(const ReferenceKernels&) = delete;
  ReferenceKernels& operator=(const ReferenceKernels&) = delete;

  static bool active() { return active_; }

 private:
  static inline thread_local bool active_ = false;
  bool before_;
};

}  // namespace cudenza
