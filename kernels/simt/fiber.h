/// Cooperative threads on one OS thread: each has its own stack and runs until it yields.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

namespace simt {

/// A function that can stop in its middle and go on later. Not copyable: its stack's addresses are in use.
class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;

  /// Makes the fiber ready to run entry(argument) from its start; entry must end with a last yield() and never return.
  void reset(void (*entry)(void*), void* argument);
  /// Runs the fiber until it yields. Called by whoever schedules.
  void resume();
  /// Goes back to the scheduler. Called inside the fiber.
  void yield();
  /// Whether the address lies on the fiber's stack.
  bool owns(uintptr_t address) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simt
