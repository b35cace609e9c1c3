#include "engine/optim/weight_average.h"

#include "engine/core/dispatch.h"
#include "kernels/common/counter.h"
#include "kernels/optimizer/optimizer.h"

namespace cudenza {
namespace {

/// Moves the tensors into one: they become slices of it.
Tensor gathered(const std::vector<Tensor>& tensors, Device device) {
  int64_t count = 0;
  for (const Tensor& t : tensors) count += t.numel();
  const Tensor all = Tensor::empty({count}, DType::f32, device);
  int64_t begin = 0;
  for (const Tensor& t : tensors) {
    require(t.dtype() == DType::f32 && t.device() == device, "WeightAverage: a buffer is {} on {}, but f32 on {} is averaged",
            t.dtype(), t.device(), device);
    const Tensor place = all.slice(begin, t.shape());
    place.copy_from(t);
    t.rebind(place);
    begin += t.numel();
  }
  return all;
}

}  // namespace

WeightAverage::WeightAverage(const FlatParameters& parameters, const std::vector<Tensor>& buffers, double decay)
    : decay_(decay), updates_(Tensor::zeros({1}, DType::u32, parameters.values().device())) {
  require(decay >= 0 && decay < 1, "WeightAverage: decay is {}, but must lie in [0, 1)", decay);
  add("average", parameters.values());
  if (!buffers.empty()) add("average_of_buffers", gathered(buffers, parameters.values().device()));
}

void WeightAverage::update() const {
  on_device(updates_.device(), [&](auto where) {
    kernels::increment(where, updates_.data<uint32_t>());
    for (const Part& part : parts_) {
      kernels::average_weights(where, part.average.data<float>(), part.current.data<float>(), part.average.numel(), decay_,
                               updates_.data<uint32_t>());
    }
  });
}

void WeightAverage::swap() const {
  for (const Part& part : parts_) {
    const Tensor current = part.current.clone();
    part.current.copy_from(part.average);
    part.average.copy_from(current);
  }
}

std::vector<std::pair<std::string, Tensor>> WeightAverage::state() const {
  std::vector<std::pair<std::string, Tensor>> all{{"average_updates", updates_}};
  for (const Part& part : parts_) all.emplace_back(part.name, part.average);
  return all;
}

}  // namespace cudenza
