#include "engine/io/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <array>

#include "engine/io/atomic_file.h"
#include "engine/io/hdf5_attribute.h"
#include "engine/io/hdf5_handle.h"

namespace cudenza {
namespace fs = std::filesystem;
using hdf5::Entered;
using hdf5::fail;
using hdf5::Handle;
using hdf5::last_reason;

struct Hdf5File::Impl {
  fs::path path;  ///< as messages name it
  Handle file;
  bool writes = false;
};

namespace {

constexpr int kMostDepth = 32;  // of groups in groups: hard links can make circles
constexpr size_t kMostNames = 1 << 20;

/// The library's name of a type in memory and in a file.
struct TypePair {
  hid_t memory, stored;
};

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

/// "/a/b" of "a/b" or "/a/b". Throws UsageError for names that could be mistaken.
std::string absolute(std::string_view name) {
  std::string path;
  size_t begin = 0;
  while (begin <= name.size()) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool is_edge = begin == 0 && part.empty();
    require(is_edge || (!part.empty() && part != "." && part.find('\0') == std::string_view::npos),
            "'{}' cannot name a data set or a group; parts are parted by single slashes and none is '.'", name);
    if (!is_edge) path.append("/").append(part);
    begin = end + 1;
    if (name == "/") break;
  }
  return path.empty() ? "/" : path;
}

/// Whether a path leads through hard links to something. Others are as good as absent: they may lead into other files.
bool exists(hid_t file, const std::string& path) {
  for (size_t end = 0; path != "/" && end != std::string::npos;) {
    end = path.find('/', end + 1);
    H5L_info_t link;
    const std::string so_far = path.substr(0, end);
    if (H5Lget_info(file, so_far.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) return false;
  }
  return true;
}

/// For links that make the groups on their way.
Handle link_options() {
  Handle options(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(options.get(), 1);
  H5Pset_char_encoding(options.get(), H5T_CSET_UTF8);
  return options;
}

Handle space_of(const Shape& shape) {
  if (shape.rank() == 0) return {H5Screate(H5S_SCALAR), H5Sclose};
  std::array<hsize_t, Shape::kMaxRank> extents{};
  std::ranges::copy(shape, extents.begin());
  return {H5Screate_simple(shape.rank(), extents.data(), nullptr), H5Sclose};
}

/// An open data set and what it is.
struct DataSet {
  const fs::path& path;
  std::string name;
  Handle handle;

  Shape shape() const {
    const Handle space(H5Dget_space(handle.get()), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank < 0 || rank > Shape::kMaxRank) fail(path, "'{}' has {} axes; at most {} are read", name, rank, Shape::kMaxRank);
    if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) fail(path, "'{}' is a null data set: it holds nothing", name);
    std::array<hsize_t, Shape::kMaxRank> extents{};
    H5Sget_simple_extent_dims(space.get(), extents.data(), nullptr);
    std::array<int64_t, Shape::kMaxRank> signed_extents{};
    int64_t count = 1;
    for (int axis = 0; axis < rank; ++axis) {
      signed_extents[axis] = static_cast<int64_t>(extents[axis]);
      if (signed_extents[axis] < 0 || __builtin_mul_overflow(count, signed_extents[axis], &count) || count > int64_t{1} << 48)
        fail(path, "'{}' claims an absurd size", name);
    }
    return Shape(std::span<const int64_t>(signed_extents.data(), static_cast<size_t>(rank)));
  }

  DType dtype() const {
    const Handle type(H5Dget_type(handle.get()), H5Tclose);
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
    fail(path, "'{}' does not hold numbers that can be read (floats to 64 bits, integers to 64 bits with a sign)", name);
  }

  /// Throws unless the file may truly hold so much: a few bytes can claim any size.
  void check_stored(int64_t count, DType t) const {
    const Handle options(H5Dget_create_plist(handle.get()), H5Pclose);
    if (H5Pget_layout(options.get()) == H5D_VIRTUAL || H5Pget_external_count(options.get()) > 0)
      fail(path, "'{}' keeps its numbers in another file, which is not followed", name);
    // Deflate shrinks at most 1032 to 1. What was never written is fill value and takes no room.
    const double most_shrunk = H5Pget_nfilters(options.get()) > 0 ? 1040 : 2;
    constexpr double kUnwritten = 1 << 20;
    std::error_code ignored;
    const double held = static_cast<double>(fs::file_size(path, ignored)) * most_shrunk + kUnwritten;
    if (static_cast<double>(count) * static_cast<double>(size_of(t)) > held)
      fail(path, "'{}' claims {} numbers, more than the file can hold: it is corrupt", name, count);
  }
};

DataSet open_data_set(const fs::path& path, hid_t file, std::string_view name) {
  const std::string at = absolute(name);
  if (!exists(file, at)) fail(path, "has no data set '{}'", name);
  Handle handle(H5Dopen2(file, at.c_str(), H5P_DEFAULT), H5Dclose);
  if (!handle) fail(path, "'{}' cannot be opened as a data set: {}", name, last_reason());
  return {path, std::string(name), std::move(handle)};
}

/// Selects rows [first, first + count) of the outermost axis.
Handle row_selection(const DataSet& set, const Shape& shape, int64_t first, int64_t count) {
  require(shape.rank() > 0 && first >= 0 && count >= 0 && first <= shape[0] - count,
          "{}: rows {} to {} lie outside '{}', which is {}", set.path.string(), first, first + count, set.name, shape);
  Handle space(H5Dget_space(set.handle.get()), H5Sclose);
  std::array<hsize_t, Shape::kMaxRank> start{}, extents{};
  std::ranges::copy(shape, extents.begin());
  start[0] = static_cast<hsize_t>(first);
  extents[0] = static_cast<hsize_t>(count);
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, extents.data(), nullptr);
  return space;
}

Shape with_rows(const Shape& shape, int64_t rows) {
  std::vector<int64_t> extents(shape.begin(), shape.end());
  extents[0] = rows;
  return Shape(std::span<const int64_t>(extents));
}

/// The tensor on the host in a type that HDF5 has.
Tensor storable(const Tensor& t) {
  const Tensor host = t.to(Device::cpu());
  return host.dtype() == DType::bf16 || host.dtype() == DType::f16 ? host.to(DType::f32) : host;
}

DataSet make_data_set(const fs::path& path, hid_t file, std::string_view name, const Shape& shape, DType t) {
  const Handle links = link_options(), space = space_of(shape);
  Handle handle(H5Dcreate2(file, absolute(name).c_str(), types_of(t).stored, space.get(), links.get(), H5P_DEFAULT, H5P_DEFAULT),
                H5Dclose);
  if (!handle) fail(path, "'{}' cannot be made: {}", name, last_reason());
  return {path, std::string(name), std::move(handle)};
}

/// Gathers the names of the data sets below an open group.
class NameWalk {
 public:
  explicit NameWalk(const fs::path& path) : path_(path) {}

  void descend(hid_t group, const std::string& prefix, int depth) {
    if (depth > kMostDepth) fail(path_, "its groups lie in each other more than {} deep", kMostDepth);
    std::vector<std::string> links;
    const auto keep = [](hid_t, const char* name, const H5L_info_t* link, void* out) -> herr_t {
      if (link->type == H5L_TYPE_HARD) static_cast<std::vector<std::string>*>(out)->emplace_back(name);
      return 0;
    };
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &links) < 0)
      fail(path_, "group '{}' cannot be listed: {}", prefix, last_reason());
    for (const std::string& link : links) visit(group, link, prefix + link, depth);
  }

  std::vector<std::string> names;

 private:
  void visit(hid_t group, const std::string& link, const std::string& name, int depth) {
    const Handle object(H5Oopen(group, link.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object) fail(path_, "'{}' cannot be opened: {}", name, last_reason());
    if (++visited_ > kMostNames) fail(path_, "has more than {} names", kMostNames);
    const H5I_type_t kind = H5Iget_type(object.get());
    if (kind == H5I_DATASET) names.push_back(name);
    if (kind == H5I_GROUP) descend(object.get(), name + '/', depth + 1);
  }

  const fs::path& path_;
  size_t visited_ = 0;
};

}  // namespace

Hdf5File::Hdf5File(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;

Hdf5File::~Hdf5File() {
  if (!impl_) return;
  const Entered library;
  impl_.reset();
}

Hdf5File::Hdf5File(const fs::path& path) : impl_(std::make_unique<Impl>(Impl{path, {}})) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail(path, "there is no such file");
  if (!fs::is_regular_file(status)) fail(path, "is not a file");
  const Entered library;
  impl_->file = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!impl_->file) fail(path, "cannot be read as HDF5: {}", last_reason());
}

void Hdf5File::create(const fs::path& path, const std::function<void(Hdf5File&)>& fill) {
  write_atomically(path, [&](const fs::path& beside) {
    auto impl = std::make_unique<Impl>(Impl{path, {}, true});
    {
      const Entered library;
      impl->file = Handle(H5Fcreate(beside.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
      if (!impl->file) fail(path, "cannot be written: {}", last_reason());
    }
    Hdf5File file(std::move(impl));
    fill(file);
    const Entered library;
    if (!file.impl_->file.close()) fail(path, "cannot be written: {}", last_reason());
  });
}

const fs::path& Hdf5File::path() const { return impl_->path; }

std::vector<std::string> Hdf5File::names(std::string_view group) const {
  const Entered library;
  const std::string at = absolute(group);
  if (!exists(impl_->file.get(), at)) fail(path(), "has no group '{}'", group);
  const Handle start(H5Gopen2(impl_->file.get(), at.c_str(), H5P_DEFAULT), H5Gclose);
  if (!start) fail(path(), "'{}' cannot be opened as a group: {}", group, last_reason());
  NameWalk walk(path());
  walk.descend(start.get(), at == "/" ? "" : at.substr(1) + '/', 0);
  std::ranges::sort(walk.names);
  return std::move(walk.names);
}

bool Hdf5File::contains(std::string_view name) const {
  const Entered library;
  return exists(impl_->file.get(), absolute(name));
}

Hdf5File::Extent Hdf5File::extent(std::string_view name) const {
  const Entered library;
  const DataSet set = open_data_set(path(), impl_->file.get(), name);
  return {set.shape(), set.dtype()};
}

Tensor Hdf5File::read(std::string_view name) const {
  const Entered library;
  const DataSet set = open_data_set(path(), impl_->file.get(), name);
  const Shape shape = set.shape();
  const DType dtype = set.dtype();
  if (!impl_->writes) set.check_stored(shape.numel(), dtype);
  const Tensor t = Tensor::empty(shape, dtype);
  if (t.numel() == 0) return t;
  if (H5Dread(set.handle.get(), types_of(dtype).memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, t.raw()) < 0)
    fail(path(), "'{}' cannot be read: {}", name, last_reason());
  return t;
}

Tensor Hdf5File::read_rows(std::string_view name, int64_t first, int64_t count) const {
  const Entered library;
  const DataSet set = open_data_set(path(), impl_->file.get(), name);
  const Shape shape = set.shape();
  const DType dtype = set.dtype();
  const Handle selection = row_selection(set, shape, first, count);
  const Shape part = with_rows(shape, count);
  if (!impl_->writes) set.check_stored(part.numel(), dtype);
  const Tensor t = Tensor::empty(part, dtype);
  if (t.numel() == 0) return t;
  const Handle memory = space_of(part);
  if (H5Dread(set.handle.get(), types_of(dtype).memory, memory.get(), selection.get(), H5P_DEFAULT, t.raw()) < 0)
    fail(path(), "rows {} to {} of '{}' cannot be read: {}", first, first + count, name, last_reason());
  return t;
}

void Hdf5File::write(std::string_view name, const Tensor& values) {
  const Tensor host = storable(values);
  const Entered library;
  const DataSet set = make_data_set(path(), impl_->file.get(), name, host.shape(), host.dtype());
  if (host.numel() == 0) return;
  if (H5Dwrite(set.handle.get(), types_of(host.dtype()).memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, host.raw()) < 0)
    fail(path(), "'{}' cannot be written: {}", name, last_reason());
}

void Hdf5File::reserve(std::string_view name, const Shape& shape, DType dtype) {
  const Entered library;
  make_data_set(path(), impl_->file.get(), name, shape, dtype);
}

void Hdf5File::write_rows(std::string_view name, int64_t first, const Tensor& rows) {
  const Tensor host = storable(rows);
  const Entered library;
  const DataSet set = open_data_set(path(), impl_->file.get(), name);
  const Shape shape = set.shape();
  require(host.shape().rank() == shape.rank() && shape.rank() > 0 && with_rows(shape, host.size(0)) == host.shape(),
          "{}: {} are no rows of '{}', which is {}", path().string(), host.shape(), name, shape);
  const Handle selection = row_selection(set, shape, first, host.size(0)), memory = space_of(host.shape());
  if (host.numel() == 0) return;
  if (H5Dwrite(set.handle.get(), types_of(host.dtype()).memory, memory.get(), selection.get(), H5P_DEFAULT, host.raw()) < 0)
    fail(path(), "'{}' cannot be written: {}", name, last_reason());
}

void Hdf5File::set_attribute(std::string_view object, std::string_view name, const Hdf5Attribute& value) {
  const Entered library;
  const std::string at = absolute(object);
  const hid_t file = impl_->file.get();
  if (!exists(file, at)) {
    const Handle links = link_options();
    const Handle group(H5Gcreate2(file, at.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    if (!group) fail(path(), "group '{}' cannot be made: {}", object, last_reason());
  }
  hdf5::write_attribute(path(), file, at, std::string(name), value);
}

bool Hdf5File::has_attribute(std::string_view object, std::string_view name) const {
  const Entered library;
  const std::string at = absolute(object);
  return exists(impl_->file.get(), at) &&
         H5Aexists_by_name(impl_->file.get(), at.c_str(), std::string(name).c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Hdf5File::attribute_names(std::string_view object) const {
  const Entered library;
  return hdf5::attribute_names(path(), impl_->file.get(), absolute(object));
}

Hdf5Attribute Hdf5File::attribute(std::string_view object, std::string_view name) const {
  const Entered library;
  return hdf5::read_attribute(path(), impl_->file.get(), absolute(object), std::string(name));
}

template <class T> T Hdf5File::attribute(std::string_view object, std::string_view name) const {
  const Hdf5Attribute value = attribute(object, name);
  const auto converted = hdf5::attribute_as<T>(value);
  if (!converted) fail(path(), "attribute '{}' of '{}' is of another kind than expected", name, object);
  return *converted;
}
template int64_t Hdf5File::attribute(std::string_view, std::string_view) const;
template double Hdf5File::attribute(std::string_view, std::string_view) const;
template std::string Hdf5File::attribute(std::string_view, std::string_view) const;
template std::vector<int64_t> Hdf5File::attribute(std::string_view, std::string_view) const;
template std::vector<double> Hdf5File::attribute(std::string_view, std::string_view) const;
template std::vector<std::string> Hdf5File::attribute(std::string_view, std::string_view) const;

}  // namespace cudenza
