/// Where random ops (dropout, drop_path, mixup …) get their numbers from.
///
/// Numbers are a function of (seed, step, op, position) and of nothing else: no state moves while they are drawn, so a
/// backward pass can draw its forward's numbers again instead of storing them, and both devices make the same numbers.
///
///   auto random = std::make_shared<Generator>(42);        // one a model; its random layers share it
///   for (batch : batches) {
///     loss = model(batch); loss.backward(); optimizer.step();
///     random->advance_step();                             // after the backward pass, which needs its forward's step number
///   }
///
/// There is no generator that everybody shares unseen: a layer that draws is given one when it is made, and holds a
/// std::shared_ptr<Generator>; the ops take a Generator&.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/core/tensor.h"
#include "kernels/common/philox.h"

namespace cudenza {

/// The random numbers of one call of one op. Ops capture it for their backward pass: it keeps the step counter alive.
struct OpStream : kernels::RandomStream {
  Tensor step_counter;
};

/// Not thread-safe: one thread runs the forward pass.
///
/// The step number lives in memory of each device that draws, since a step captured in a CUDA graph must draw anew at each
/// replay; advance_step() is part of the captured step. The counter of a device is made by the first next() there, which
/// allocates and copies: run one step before capturing one. The seed and the op numbers are captured as they are.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_{seed, 0} {}
  Generator(const Generator&) = delete;  // a copy would draw the same numbers again
  Generator& operator=(const Generator&) = delete;

  /// A stream of its own for the next random op of this step, for a kernel that runs on `device`.
  OpStream next(Device device);
  /// Ends a step: enqueues +1 to every device's counter, and numbers the ops from 0 again.
  void advance_step();

  /// All there is to save between two steps.
  struct State {
    uint64_t seed = 0;
    uint32_t step = 0;
    bool operator==(const State&) const = default;
  };
  /// The step is that of the device that is furthest (replays move only their own). Waits for the devices.
  State state() const;
  /// Goes on as the generator that gave `state` would. Counters stay where they are in memory.
  void restore(const State& state);

 private:
  const Tensor& step_counter(Device);

  State state_;  // its step counts the calls of advance_step() alone
  uint32_t next_op_ = 0;
  std::vector<Tensor> step_counters_;  // u32 [1], one a device
};

}  // namespace cudenza
