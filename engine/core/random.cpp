#include "engine/core/random.h"

#include <algorithm>

#include "engine/core/dispatch.h"
#include "kernels/common/counter.h"

namespace cudenza {

const Tensor& Generator::step_counter(Device device) {
  for (const Tensor& counter : step_counters_) {
    if (counter.device() == device) return counter;
  }
  step_counters_.push_back(Tensor::from(std::vector{state().step}, {1}, device));
  return step_counters_.back();
}

OpStream Generator::next(Device device) {
  const Tensor& counter = step_counter(device);
  return {{.seed = state_.seed, .op = next_op_++, .step = counter.data<uint32_t>()}, counter, first_sample_};
}

void Generator::advance_step() {
  ++state_.step;
  next_op_ = 0;
  for (const Tensor& counter : step_counters_) {
    on_device(counter.device(), [&](auto where) { kernels::increment(where, counter.data<uint32_t>()); });
  }
}

Generator::State Generator::state() const {
  State state = state_;
  for (const Tensor& counter : step_counters_) state.step = std::max(state.step, counter.to_vector<uint32_t>()[0]);
  return state;
}

void Generator::restore(const State& state) {
  state_ = state;
  next_op_ = 0;
  for (const Tensor& counter : step_counters_) counter.copy_from(Tensor::from(std::vector{state.step}, {1}));
}

}  // namespace cudenza
