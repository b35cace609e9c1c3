/// HDF5 files: arrays under path names ("optimizer/moments", with or without a leading slash), and attributes on groups and data
/// sets. h5py, MATLAB and h5dump read them; C order, little-endian.
///
///   Hdf5File::create("features.h5", [&](Hdf5File& file) {
///     file.write("blues.00000/mel_db", mel);                       // makes the groups it names
///     file.write_texts("classes", classes);
///     file.set_attribute("/", "hop", 512);
///   });
///   const Hdf5File file("features.h5");
///   const Tensor mel = file.read("blues.00000/mel_db");
///
/// Everything throws DataError with the file, the name and the reason if a file is missing, corrupt or foreign. Thread-safe:
/// calls into libhdf5 are serialised.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

using Hdf5Attribute =
    std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>, std::vector<std::string>>;

class Hdf5File {
 public:
  /// Opens an existing file to read. A file from create() is first read whole and compared with its checksum; files of other
  /// programs have none.
  explicit Hdf5File(const std::filesystem::path&);
  /// Makes or replaces a file with what `fill` writes: atomically (engine/io/atomic_file.h), and only after all of it was read
  /// back and compared. Throws DataError with the system's reason if it cannot be written.
  static void create(const std::filesystem::path&, const std::function<void(Hdf5File&)>& fill);
  ~Hdf5File();
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;

  const std::filesystem::path& path() const;

  /// Full names of all data sets below a group, without a leading slash, sorted. Text data sets and soft and external links are
  /// left out.
  std::vector<std::string> names(std::string_view group = "/") const;
  /// Whether a data set or group has this name.
  bool contains(std::string_view name) const;

  struct Extent {
    Shape shape;
    DType dtype;
  };
  /// Shape and dtype of a data set without reading it. Other float widths, both byte orders and small integers are read as the
  /// smallest of our dtypes that holds them.
  Extent extent(std::string_view name) const;
  /// Throws DataError unless the file can hold all the numbers that a data set claims: a few bytes can claim any size. Reading
  /// checks what is read.
  void check_held(std::string_view name) const;
  /// A whole data set, on the CPU.
  Tensor read(std::string_view name) const;
  /// `count` rows of the outermost axis, from row `first` on.
  Tensor read_rows(std::string_view name, int64_t first, int64_t count) const;

  bool has_texts(std::string_view name) const;
  /// All strings of a text data set, of fixed or variable length, in order.
  std::vector<std::string> read_texts(std::string_view name) const;

  /// A new data set, from any device. bf16 and f16 are stored as f32.
  void write(std::string_view name, const Tensor&);
  /// A new data set for write_rows(), zeros until then. Not for bf16 and f16.
  void reserve(std::string_view name, const Shape&, DType);
  /// Fills rows of a reserved data set from `first` on: `rows` is [count, the data set's other extents…]; bf16 and f16 are
  /// widened.
  void write_rows(std::string_view name, int64_t first, const Tensor& rows);

  /// A new text data set [count], any bytes but zero. Use it for lists that may grow: an attribute holds at most 64 KiB.
  void write_texts(std::string_view name, std::span<const std::string> texts);

  /// Sets or replaces an attribute of a group or data set. A missing group is made.
  void set_attribute(std::string_view object, std::string_view name, const Hdf5Attribute& value);
  bool has_attribute(std::string_view object, std::string_view name) const;
  std::vector<std::string> attribute_names(std::string_view object) const;
  Hdf5Attribute attribute(std::string_view object, std::string_view name) const;
  /// An attribute of a known type, one of Hdf5Attribute's. An integer serves as a double, a single value as a list of one.
  template <class T> T attribute(std::string_view object, std::string_view name) const;
  template <class T> T attribute_or(std::string_view object, std::string_view name, T otherwise) const {
    return has_attribute(object, name) ? attribute<T>(object, name) : otherwise;
  }

 private:
  struct Impl;
  explicit Hdf5File(std::unique_ptr<Impl>);
  void finish();
  std::unique_ptr<Impl> impl_;
};

}  // namespace cudenza
