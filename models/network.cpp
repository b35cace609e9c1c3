#include "models/network.h"

namespace cudenza {

std::vector<ParameterGroup> Network::parameter_groups() {
  std::vector<PrefixGroup> groups = body_groups();
  groups.push_back({"head", {head_prefix_}});
  return group_by_prefix(*this, groups);
}

Tensor filters_for_one_channel(const Tensor& w) {
  require(w.shape().rank() == 4 && w.size(3) > 0, "filters_for_one_channel: w must be [K,R,S,C], but it is {}", w.shape());
  const int64_t channels = w.size(3), count = w.numel() / channels;
  const auto values = w.to_vector<float>();
  std::vector<float> sums(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t c = 0; c < channels; ++c) sums[i] += values[i * channels + c];
  }
  return Tensor::from(sums, {w.size(0), w.size(1), w.size(2), 1}).to(w.dtype()).to(w.device());
}

}  // namespace cudenza
