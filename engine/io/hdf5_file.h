/// HDF5 files: arrays of numbers under path names ("optimizer/moments", a leading slash may stand or not), and attributes on
/// groups and data sets. h5py, MATLAB and h5dump read them; C order, little-endian.
///
///   Hdf5File::create("features.h5", [&](Hdf5File& file) {
///     file.write("blues.00000/mel_db", mel);                       // groups are made by being named
///     file.write_texts("classes", classes);
///     file.set_attribute("/", "hop", 512);
///   });
///   const Hdf5File file("features.h5");
///   const Tensor mel = file.read("blues.00000/mel_db");
///
/// Everything throws DataError with the file, the name and the reason when a file is missing, corrupt or foreign. Safe to use
/// from several threads: the library below is entered by one at a time.
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
  /// Opens an existing file to read. What create() wrote is read once from end to end, to be held against its checksum; files of
  /// other programs have none.
  explicit Hdf5File(const std::filesystem::path&);
  /// Makes a file, or replaces one, with what `fill` writes: atomically, by engine/io/atomic_file.h, and only after all of it
  /// was read back and found to be what was meant. Throws DataError with the system's reason if it cannot be written.
  static void create(const std::filesystem::path&, const std::function<void(Hdf5File&)>& fill);
  ~Hdf5File();
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;

  const std::filesystem::path& path() const;

  /// The data sets in a group and all groups below it, as whole names without a leading slash, sorted. Texts and links to other
  /// places and other files are left out.
  std::vector<std::string> names(std::string_view group = "/") const;
  /// Whether there is a data set or a group of this name.
  bool contains(std::string_view name) const;

  struct Extent {
    Shape shape;
    DType dtype;
  };
  /// What a data set would be read as, without reading it. Floats of other widths, both byte orders and small integers are
  /// read as the smallest of our types that holds them.
  Extent extent(std::string_view name) const;
  /// A whole data set, on the CPU.
  Tensor read(std::string_view name) const;
  /// `count` rows (of the outermost axis) from row `first` on.
  Tensor read_rows(std::string_view name, int64_t first, int64_t count) const;

  bool has_texts(std::string_view name) const;
  /// A data set of texts, of fixed or variable length: all of them, in order.
  std::vector<std::string> read_texts(std::string_view name) const;

  /// A new data set, from any device. bf16 and f16 are stored as f32.
  void write(std::string_view name, const Tensor&);
  /// A new data set to be filled by write_rows(): zeros until then. bf16 and f16 are not to be asked for.
  void reserve(std::string_view name, const Shape&, DType);
  /// Fills the rows from `first` on of a reserved data set: `rows` is [count, the data set's further extents…]; bf16 and f16
  /// are widened.
  void write_rows(std::string_view name, int64_t first, const Tensor& rows);

  /// A new data set of any number of texts [count], of any bytes but zero. What may grow belongs here: an attribute holds no
  /// more than 64 KiB.
  void write_texts(std::string_view name, std::span<const std::string> texts);

  /// Sets an attribute of a group or data set, in place of one that is there. A group that is not there is made.
  void set_attribute(std::string_view object, std::string_view name, const Hdf5Attribute& value);
  bool has_attribute(std::string_view object, std::string_view name) const;
  std::vector<std::string> attribute_names(std::string_view object) const;
  Hdf5Attribute attribute(std::string_view object, std::string_view name) const;
  /// An attribute of a known kind: one of Hdf5Attribute's. An integer serves as a double, one value as a list of one.
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
