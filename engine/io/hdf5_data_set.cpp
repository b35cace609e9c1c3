#include "engine/io/hdf5_data_set.h"

#include <hdf5.h>

#include <algorithm>
#include <array>

#include "engine/io/hdf5_names.h"
#include "engine/io/hdf5_texts.h"

namespace cudenza::hdf5 {
namespace fs = std::filesystem;
namespace {

// Deflate compresses by at most 1032 to 1.
constexpr double kMostShrunk = 1040;
// Rows never written hold the fill value and take no room.
constexpr double kUnwritten = 1 << 20;
static_assert(H5S_ALL == 0);

/// Upper bound on a data set's bytes, given the file that holds it.
double most_held(Id data_set, Id options) {
  const Handle file(H5Iget_file_id(data_set), H5Fclose);
  hsize_t bytes = 0;
  H5Fget_filesize(file.get(), &bytes);
  return static_cast<double>(bytes) * (H5Pget_nfilters(options) > 0 ? kMostShrunk : 2) + kUnwritten;
}

double bytes_of_chunk(Id options, size_t element) {
  std::array<hsize_t, H5S_MAX_RANK> extents{};
  const int rank = H5Pget_chunk(options, H5S_MAX_RANK, extents.data());
  double bytes = static_cast<double>(element);
  for (int axis = 0; axis < rank; ++axis) bytes *= static_cast<double>(extents[axis]);
  return bytes;
}

}  // namespace

TypePair types_of(DType t) {
  switch (t) {
    case DType::f32: return {H5T_NATIVE_FLOAT, H5T_IEEE_F32LE};
    case DType::f64: return {H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE};
    case DType::i64: return {H5T_NATIVE_INT64, H5T_STD_I64LE};
    case DType::i32: return {H5T_NATIVE_INT32, H5T_STD_I32LE};
    case DType::u32: return {H5T_NATIVE_UINT32, H5T_STD_U32LE};
    case DType::i16: return {H5T_NATIVE_INT16, H5T_STD_I16LE};
    case DType::u8: return {H5T_NATIVE_UINT8, H5T_STD_U8LE};
    default: throw UsageError(fmt::format("HDF5 has no {}; write f32", t));
  }
}

Handle space_of(const Shape& shape) {
  if (shape.rank() == 0) return {H5Screate(H5S_SCALAR), H5Sclose};
  std::array<hsize_t, Shape::kMaxRank> extents{};
  std::ranges::copy(shape, extents.begin());
  return {H5Screate_simple(shape.rank(), extents.data(), nullptr), H5Sclose};
}

Shape with_rows(const Shape& shape, int64_t rows) {
  std::vector<int64_t> extents(shape.begin(), shape.end());
  extents[0] = rows;
  return Shape(std::span<const int64_t>(extents));
}

DataSet::DataSet(const fs::path& path, std::string_view name, Handle handle)
    : path_(path), name_(name), handle_(std::move(handle)) {}

DataSet::DataSet(const fs::path& path, Id file, std::string_view name) : path_(path), name_(name) {
  const std::string at = absolute(name);
  if (!exists(file, at)) fail(path, "has no data set '{}'", name);
  handle_ = Handle(H5Dopen2(file, at.c_str(), H5P_DEFAULT), H5Dclose);
  if (!handle_) fail(path, "'{}' cannot be opened as a data set: {}", name, last_reason());
  const Handle options(H5Dget_create_plist(handle_.get()), H5Pclose);
  if (H5Pget_layout(options.get()) == H5D_VIRTUAL || H5Pget_external_count(options.get()) > 0)
    fail(path, "'{}' keeps its numbers in another file, which is not followed", name);
}

DataSet DataSet::make(const fs::path& path, Id file, std::string_view name, Id type, const Handle& space) {
  const Handle links = link_options(), options(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(options.get(), false);  // without times, equal content gives equal files
  Handle handle(H5Dcreate2(file, absolute(name).c_str(), type, space.get(), links.get(), options.get(), H5P_DEFAULT), H5Dclose);
  if (!handle) fail(path, "'{}' cannot be made: {}", name, last_reason());
  return {path, name, std::move(handle)};
}

DataSet DataSet::make(const fs::path& path, Id file, std::string_view name, const Shape& shape, DType t) {
  return make(path, file, name, types_of(t).stored, space_of(shape));
}

Shape DataSet::shape() const {
  const Handle space(H5Dget_space(handle_.get()), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0 || rank > Shape::kMaxRank) fail(path_, "'{}' has {} axes; at most {} are read", name_, rank, Shape::kMaxRank);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) fail(path_, "'{}' is a null data set: it holds nothing", name_);
  std::array<hsize_t, Shape::kMaxRank> extents{};
  H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
  std::array<int64_t, Shape::kMaxRank> signed_extents{};
  int64_t count = 1;
  for (int axis = 0; axis < rank; ++axis) {
    signed_extents[axis] = static_cast<int64_t>(extents[axis]);
    if (signed_extents[axis] < 0 || __builtin_mul_overflow(count, signed_extents[axis], &count) || count > int64_t{1} << 48)
      fail(path_, "'{}' claims an absurd size", name_);
  }
  return Shape(std::span<const int64_t>(signed_extents.data(), static_cast<size_t>(rank)));
}

DType DataSet::dtype() const {
  const Handle type(H5Dget_type(handle_.get()), H5Tclose);
  const size_t bytes = H5Tget_size(type.get());
  const H5T_class_t kind = H5Tget_class(type.get());
  if (kind == H5T_FLOAT && bytes <= 8) return bytes <= 4 ? DType::f32 : DType::f64;
  if (kind == H5T_INTEGER) {
    const bool is_signed = H5Tget_sign(type.get()) == H5T_SGN_2;
    if (bytes == 1) return is_signed ? DType::i16 : DType::u8;
    if (bytes == 2) return is_signed ? DType::i16 : DType::i32;
    if (bytes <= 4) return is_signed ? DType::i32 : DType::u32;
    if (bytes <= 8 && is_signed) return DType::i64;
  }
  fail(path_, "'{}' does not hold numbers that can be read (floats to 64 bits, integers to 64 bits with a sign)", name_);
}

void DataSet::check_stored(double bytes) const {
  const Handle options(H5Dget_create_plist(handle_.get()), H5Pclose), type(H5Dget_type(handle_.get()), H5Tclose);
  if (H5Pget_layout(options.get()) == H5D_CHUNKED)
    bytes = std::max(bytes, bytes_of_chunk(options.get(), H5Tget_size(type.get())));
  if (bytes > most_held(handle_.get(), options.get()))
    fail(path_, "'{}' claims {:.0f} bytes, more than the file can hold: it is corrupt", name_, bytes);
}

Handle DataSet::row_selection(int64_t first, int64_t count) const {
  const Shape shape = this->shape();
  require(shape.rank() > 0 && first >= 0 && count >= 0 && first <= shape[0] - count,
          "{}: rows {} to {} lie outside '{}', which is {}", path_.string(), first, first + count, name_, shape);
  Handle space(H5Dget_space(handle_.get()), H5Sclose);
  std::array<hsize_t, Shape::kMaxRank> start{}, extents{};
  std::ranges::copy(shape, extents.begin());
  start[0] = static_cast<hsize_t>(first);
  extents[0] = static_cast<hsize_t>(count);
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extents.data(), nullptr);
  return space;
}

void DataSet::read(Id type, Id memory, Id selection, void* values) const {
  if (H5Dread(handle_.get(), type, memory, selection, H5P_DEFAULT, values) < 0)
    fail(path_, "'{}' cannot be read: {}", name_, last_reason());
}

void DataSet::write(Id type, Id memory, Id selection, const void* values) const {
  if (H5Dwrite(handle_.get(), type, memory, selection, H5P_DEFAULT, values) < 0)
    fail(path_, "'{}' cannot be written: {}", name_, last_reason());
}

void DataSet::close() {
  if (!handle_.close()) fail(path_, "'{}' cannot be written: {}", name_, last_reason());
}

std::vector<std::string> DataSet::read_texts() const {
  const Handle type(H5Dget_type(handle_.get()), H5Tclose);
  if (H5Tget_class(type.get()) != H5T_STRING) fail(path_, "'{}' does not hold texts", name_);
  const int64_t count = shape().numel();
  check_stored(static_cast<double>(count) * static_cast<double>(H5Tget_size(type.get())));
  const auto read_all = [&](Id memory, void* buffer) { read(memory, H5S_ALL, H5S_ALL, buffer); };
  return hdf5::read_texts(type.get(), static_cast<size_t>(count), read_all);
}

void DataSet::write_texts(const fs::path& path, Id file, std::string_view name, std::span<const std::string> texts) {
  const std::vector<const char*> pointers = text_pointers(texts);
  const Handle type = text_type();
  DataSet set = make(path, file, name, type.get(), space_of({static_cast<int64_t>(texts.size())}));
  if (!texts.empty()) set.write(type.get(), H5S_ALL, H5S_ALL, pointers.data());
  set.close();
}

}  // namespace cudenza::hdf5
