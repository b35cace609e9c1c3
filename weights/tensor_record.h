/// What every container of weights comes down to: named tensors, and where in the file their numbers are.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/core/dtype.h"
#include "weights/file_bytes.h"

namespace cudenza {

/// Numbers of one type in a row, little-endian, at [begin, begin + count · size_of(dtype)) of the file.
struct StoredNumbers {
  DType dtype = DType::f32;
  uint64_t begin = 0, count = 0;
};

struct TensorRecord {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> sizes, strides = {};  ///< in elements, outermost first; strides of 0 and in any order are possible
  uint64_t begin = 0;                        ///< of its first element in the file

  int64_t numel() const;
  bool is_contiguous() const;
  /// Elements from its first to its last, with what lies between; 0 if it has none.
  uint64_t extent() const;
};

constexpr size_t kMostTensors = 1 << 16, kMostAxes = 8;

/// Names become paths in our files, and lines on a terminal: throws DataError for those that are no plain names.
void check_tensor_name(const FileBytes&, const std::string& name);

/// A tensor on stored numbers, its first element at `offset` among them. Throws DataError unless sizes and strides keep it
/// within them.
TensorRecord checked_record(const FileBytes&, std::string name, const StoredNumbers&, int64_t offset, std::vector<int64_t> sizes,
                            std::vector<int64_t> strides);

/// The strides of an array without gaps, outermost extent first.
std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& sizes);

}  // namespace cudenza
