/// Data sets of HDF5 files, and checks that the file can hold what they claim. hdf5::Entered must be held.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/shape.h"
#include "engine/core/tensor.h"
#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// HDF5 types of a dtype in memory and in a file.
struct TypePair {
  Id memory, stored;
};
/// Throws UsageError for a dtype that HDF5 lacks.
TypePair types_of(DType);
/// HDF5 dataspace of a shape.
Handle space_of(const Shape&);

/// An open data set.
class DataSet {
 public:
  /// Opens an existing one. Throws DataError if there is none or if its numbers are in another file.
  DataSet(const std::filesystem::path&, Id file, std::string_view name);
  /// Creates a new one.
  static DataSet make(const std::filesystem::path&, Id file, std::string_view name, const Shape&, DType);

  Shape shape() const;
  DType dtype() const;
  /// Throws unless the file can hold `bytes` of this data set: a few bytes can claim any size.
  void check_stored(double bytes) const;
  /// Selects rows [first, first + count) of the outermost axis. Throws UsageError if they do not exist.
  Handle row_selection(int64_t first, int64_t count) const;

  /// `memory` and `selection` may be H5S_ALL, which is 0.
  void read(Id type, Id memory, Id selection, void* values) const;
  void write(Id type, Id memory, Id selection, const void* values) const;
  /// Ends the writing; small data sets reach the driver only here.
  void close();

  /// A list of strings.
  std::vector<std::string> read_texts() const;
  static void write_texts(const std::filesystem::path&, Id file, std::string_view name, std::span<const std::string>);

 private:
  DataSet(const std::filesystem::path& path, std::string_view name, Handle handle);
  static DataSet make(const std::filesystem::path&, Id file, std::string_view name, Id type, const Handle& space);

  std::filesystem::path path_;
  std::string name_;
  Handle handle_;
};

/// The shape with the outermost extent replaced by `rows`.
Shape with_rows(const Shape&, int64_t rows);

}  // namespace cudenza::hdf5
