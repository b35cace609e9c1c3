/// Numbers of tensors in files, and those that the fixtures have.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "weights/weight_source.h"

namespace cudenza::testing {

/// All numbers of a tensor, read in pieces of so many.
inline std::vector<float> values_of(const WeightSource& source, const TensorRecord& record, size_t piece = SIZE_MAX) {
  std::vector<float> values(static_cast<size_t>(record.numel()));
  TensorReader reader(source.file(), record);
  for (size_t at = 0; at < values.size(); at += std::min(piece, values.size() - at))
    reader.read(std::span(values).subspan(at, std::min(piece, values.size() - at)));
  return values;
}

/// Element i of the floating-point tensor called `name`, as the fixtures' scripts have it.
inline float fixture_value(const std::string& name, int64_t i) {
  return static_cast<float>((7 * i + 13 * static_cast<int64_t>(name.size())) % 64 - 32) / 8;
}

inline std::vector<float> fixture_values(const std::string& name, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(fixture_value(name, i));
  return values;
}

}  // namespace cudenza::testing
