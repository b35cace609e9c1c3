/// Common result of all weight containers: named tensors, and where in the file their numbers are.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/core/dtype.h"
#include "weights/file_bytes.h"

namespace cudenza {

/// Numbers of one dtype in sequence, little-endian, at [begin, begin + count · size_of(dtype)) of the file.
struct StoredNumbers {
  DType dtype = DType::f32;
  uint64_t begin = 0, count = 0;
};

/// Numbers that the file does not hold as they are: a data set of HDF5, or decoded ones.
class NumberStore {
 public:
  NumberStore() = default;
  virtual ~NumberStore() = default;
  NumberStore(const NumberStore&) = delete;
  NumberStore& operator=(const NumberStore&) = delete;

  /// Fills `out` with the bytes of the numbers from byte `at` on, little-endian. REQUIRES them to exist.
  virtual void read(uint64_t at, std::span<std::byte> out) const = 0;
};

struct TensorRecord {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> sizes, strides = {};       ///< in elements, outermost first; strides may be 0 and in any order
  uint64_t begin = 0;                             ///< position of its first element in the file, or in `store`
  std::vector<int64_t> joined = {};               ///< its shape where neighbours among `sizes` form one axis; else empty
  std::shared_ptr<const NumberStore> store = {};  ///< where its numbers are; null: in the file
  /// What is read is the stored numbers minus those of `minus` (of the same shape; null: none) plus `plus`, computed in double.
  std::shared_ptr<const TensorRecord> minus = {};
  double plus = 0;

  const std::vector<int64_t>& shape() const { return joined.empty() ? sizes : joined; }
  int64_t numel() const;
  bool is_contiguous() const;
  /// Elements from the first to the last, including gaps; 0 if it has none.
  uint64_t extent() const;
};

constexpr size_t kMostTensors = 1 << 16, kMostAxes = 8;

/// Throws DataError for names unfit to be shown: empty, very long, or with control characters.
void check_printable_name(const FileBytes&, const std::string& name);
/// Names become paths in our files and lines on a terminal: throws DataError for names unfit for that.
void check_tensor_name(const FileBytes&, const std::string& name);

/// A tensor in stored numbers, its first element at `offset`. Throws DataError if sizes and strides lead outside of them.
TensorRecord checked_record(const FileBytes&, std::string name, const StoredNumbers&, int64_t offset, std::vector<int64_t> sizes,
                            std::vector<int64_t> strides);

/// Strides of a contiguous array, outermost extent first.
std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& sizes);

/// A contiguous tensor that is all of these numbers. Throws DataError if its sizes need more or fewer.
TensorRecord whole_record(const FileBytes&, std::string name, const StoredNumbers&, std::vector<int64_t> sizes);

}  // namespace cudenza
