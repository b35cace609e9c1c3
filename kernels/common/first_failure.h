/// An exception that threads hand to the one that waits for them.
#pragma once
#include <atomic>
#include <exception>

namespace cudenza::kernels {

/// Keeps the first exception of several threads: one that left an OpenMP region, or a thread's function, would end the program.
class FirstFailure {
 public:
  /// Calls f. What it throws is kept, if it is the first.
  template <class F> void guard(F&& f) noexcept {
    try {
      f();
    } catch (...) {
      if (!happened_.test_and_set()) failure_ = std::current_exception();
    }
  }
  /// Whether one has been thrown. May be asked while threads run, so that they begin nothing new.
  bool happened() const noexcept { return happened_.test(); }
  /// Throws what was kept. To be called when the threads have ended.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic_flag happened_;
  std::exception_ptr failure_;
};

}  // namespace cudenza::kernels
