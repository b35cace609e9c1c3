/// What the fuzzer makes of a sound HDF5 file's attributes and tensors: some are replaced by anything that a file can hold, as by
/// somebody who means harm.
#pragma once
#include <fuzzer/FuzzedDataProvider.h>

#include <climits>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "engine/io/hdf5_file.h"

namespace cudenza::testing {

/// Anything that an attribute holds, often near what numbers are cut at.
inline Hdf5Attribute any_value(FuzzedDataProvider& data) {
  switch (data.ConsumeIntegralInRange(0, 5)) {
    case 0: return data.ConsumeIntegral<int64_t>();
    case 1: return data.PickValueInArray<int64_t>({-1, 0, 1, 2, INT32_MAX, INT32_MIN, int64_t{1} << 32, INT64_MAX, INT64_MIN});
    case 2: return data.ConsumeFloatingPoint<double>();
    case 3: return data.PickValueInArray<double>({NAN, INFINITY, -INFINITY, 1e308, -1, 0, 1e-320});
    case 4: return std::string(data.ConsumeRandomLengthString(16).c_str());
    default: return std::vector<double>(data.ConsumeIntegralInRange<size_t>(0, 5), data.ConsumeFloatingPoint<double>());
  }
}

inline Tensor any_tensor(FuzzedDataProvider& data) {
  std::vector<int64_t> extents(data.ConsumeIntegralInRange<size_t>(0, 5));
  for (int64_t& extent : extents) extent = data.ConsumeIntegralInRange<int64_t>(0, 9);
  const auto type = data.PickValueInArray({DType::f32, DType::f64, DType::i64, DType::i32, DType::u32, DType::i16, DType::u8});
  const double value = data.PickValueInArray({0.0, 1.0, -1.0, 4.0, 200.0});
  return Tensor::full(Shape(std::span<const int64_t>(extents)), value, type);
}

/// What every other entry of a map is replaced by, or that it is left out.
template <class Map, class Any> Map edited(const Map& sound, FuzzedDataProvider& data, Any&& any) {
  Map changed = sound;
  for (int edits = data.ConsumeIntegralInRange(0, 4); edits > 0 && !changed.empty(); --edits) {
    const auto at = std::next(changed.begin(), data.ConsumeIntegralInRange<std::ptrdiff_t>(0, std::ssize(changed) - 1));
    if (data.ConsumeBool()) at->second = any(data);
    else changed.erase(at);
  }
  return changed;
}

}  // namespace cudenza::testing
