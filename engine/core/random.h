/// Random numbers for random ops (dropout, drop_path, mixup …).
///
/// Numbers depend only on (seed, step, op, position), and drawing changes no state. So a backward pass draws the numbers of
/// its forward pass again instead of storing them, and both devices draw the same numbers.
///
///   auto random = std::make_shared<Generator>(42);        // one per model; its random layers share it
///   for (batch : batches) {
///     loss = model(batch); loss.backward(); optimizer.step();
///     random->advance_step();                             // after the backward pass, which needs the same step number
///   }
///
/// There is no hidden global generator: a random layer is given a std::shared_ptr<Generator> when it is made, and ops take a
/// Generator&.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/tensor.h"
#include "kernels/common/philox.h"

namespace cudenza {

/// The random numbers of one call of one op. Ops capture it for their backward pass: it keeps the step counter alive.
struct OpStream : kernels::RandomStream {
  Tensor step_counter;
  int64_t first_sample = 0;  ///< the place of x[0] in the whole batch: Generator::set_place()
};

/// Not thread-safe: one thread runs the forward pass.
///
/// The step number lives in the memory of each device, because a captured step must draw new numbers at each replay;
/// advance_step() is part of the captured step. The first next() on a device makes its counter, which allocates and copies:
/// run one step before capturing one. The seed and the op numbers become constants of the captured graph.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_{seed, 0} {}
  Generator(const Generator&) = delete;  // a copy would draw the same numbers again
  Generator& operator=(const Generator&) = delete;

  /// The stream of this step's next random op, for a kernel on `device`.
  OpStream next(Device device);
  /// From now on sample 0 of what ops get is number `first` of the whole batch: where several processes share a batch, each draws
  /// what a process alone draws for the same samples. A constant of the captured graph.
  void set_place(int64_t first) { first_sample_ = first; }
  /// Ends a step: enqueues +1 to every device's counter and restarts the op numbers at 0.
  void advance_step();

  /// What must be saved between two steps.
  struct State {
    uint64_t seed = 0;
    uint32_t step = 0;
    bool operator==(const State&) const = default;
  };
  /// The step is the largest of all devices (a replay advances only its own device). Waits for the devices.
  State state() const;
  /// Continues like the generator that returned `state`. Counters keep their addresses.
  void restore(const State& state);

 private:
  const Tensor& step_counter(Device);

  State state_;  // its step counts calls of advance_step(), not replays
  uint32_t next_op_ = 0;
  int64_t first_sample_ = 0;
  std::vector<Tensor> step_counters_;  // u32 [1], one per device
};

}  // namespace cudenza
