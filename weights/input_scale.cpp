#include "weights/input_scale.h"

#include <algorithm>

#include "engine/core/name_table.h"

namespace cudenza {
namespace {

constexpr NameTable kScales("input_scale",
                            {std::pair{InputScale::torch, "torch"}, {InputScale::caffe, "caffe"}, {InputScale::tf, "tf"}});

constexpr std::array<double, 3> kCaffeMean{123.68, 116.779, 103.939};  // of red, green, blue

}  // namespace

std::string_view name_of(InputScale scale) { return kScales.name_of(scale); }
InputScale input_scale_from_name(std::string_view name) { return kScales.value_of(name); }

InputFold::InputFold(InputScale scale, std::span<const double> mean, std::span<const double> std,
                     const std::vector<ExpectedTensor>& network)
    : scale_(scale) {
  for (size_t c = 0; c < 3; ++c) {
    if (scale == InputScale::caffe) factor_[c] = 255 * std[c], offset_[c] = 255 * mean[c] - kCaffeMean[c];
    if (scale == InputScale::tf) factor_[c] = 2 * std[c], offset_[c] = 2 * mean[c] - 1;
  }
  const auto filter = std::ranges::find_if(network, [](const ExpectedTensor& e) { return e.shape.rank() == 4; });
  filter_ = filter->name;
  const std::string bias = filter_.substr(0, filter_.rfind('.')) + ".bias";
  is_bias_ = std::ranges::find(network, bias, &ExpectedTensor::name) != network.end();
  const auto mean_after =
      std::find_if(filter, network.end(), [](const ExpectedTensor& e) { return e.name.ends_with(".running_mean"); });
  shifted_ = is_bias_ ? bias : mean_after->name;
}

std::vector<double> InputFold::shift(std::span<const float> filter, int64_t outputs) const {
  const size_t positions = filter.size() / (3 * static_cast<size_t>(outputs));
  std::vector<double> sums(static_cast<size_t>(outputs), 0.0);
  for (size_t i = 0; i < filter.size(); ++i) {
    const size_t channel = i / positions % 3;
    sums[i / (3 * positions)] += static_cast<double>(filter[i]) * offset_[scale_ == InputScale::caffe ? 2 - channel : channel];
  }
  return sums;
}

void InputFold::apply_to_filter(std::span<float> filter, int64_t outputs) const {
  const size_t positions = filter.size() / (3 * static_cast<size_t>(outputs));
  for (size_t o = 0; o < static_cast<size_t>(outputs); ++o) {
    const std::span<float> planes = filter.subspan(3 * positions * o, 3 * positions);
    if (scale_ == InputScale::caffe)
      std::swap_ranges(planes.begin(), planes.begin() + static_cast<std::ptrdiff_t>(positions),
                       planes.end() - static_cast<std::ptrdiff_t>(positions));
    for (size_t i = 0; i < planes.size(); ++i)
      planes[i] = static_cast<float>(static_cast<double>(planes[i]) * factor_[i / positions]);
  }
}

void InputFold::apply_to_shifted(std::span<float> values, std::span<const double> shift) const {
  for (size_t o = 0; o < values.size(); ++o)
    values[o] = static_cast<float>(static_cast<double>(values[o]) + (is_bias_ ? shift[o] : -shift[o]));
}

}  // namespace cudenza
