#include "engine/optim/weight_average.h"

#include "engine/core/dispatch.h"
#include "kernels/common/counter.h"
#include "kernels/optimizer/optimizer.h"

namespace cudenza {

WeightAverage::WeightAverage(const FlatParameters& parameters, double decay)
    : parameters_(&parameters),
      decay_(decay),
      average_(parameters.values().clone()),
      updates_(Tensor::zeros({1}, DType::u32, parameters.values().device())) {
  require(decay >= 0 && decay < 1, "WeightAverage: decay is {}, but must lie in [0, 1)", decay);
}

void WeightAverage::update() const {
  on_device(average_.device(), [&](auto where) {
    kernels::increment(where, updates_.data<uint32_t>());
    kernels::average_weights(where, average_.data<float>(), parameters_->values().data<float>(), average_.numel(), decay_,
                             updates_.data<uint32_t>());
  });
}

void WeightAverage::swap() const {
  const Tensor weights = parameters_->values().clone();
  parameters_->values().copy_from(average_);
  average_.copy_from(weights);
}

}  // namespace cudenza
