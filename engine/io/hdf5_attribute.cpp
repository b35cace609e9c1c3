#include "engine/io/hdf5_attribute.h"

#include <hdf5.h>

#include <algorithm>

#include "engine/io/hdf5_names.h"
#include "engine/io/hdf5_texts.h"

namespace cudenza::hdf5 {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;  // of one attribute: the format itself allows 64 KiB, or a little more in a heap

template <class T> struct Stored;  // types of one element in memory and in the file
template <> struct Stored<int64_t> {
  static Id memory() { return H5T_NATIVE_INT64; }
  static Id file() { return H5T_STD_I64LE; }
};
template <> struct Stored<double> {
  static Id memory() { return H5T_NATIVE_DOUBLE; }
  static Id file() { return H5T_IEEE_F64LE; }
};

template <class T> inline constexpr bool is_list = false;
template <class T> inline constexpr bool is_list<std::vector<T>> = true;

/// What is written or read, for messages.
struct Place {
  const fs::path& path;
  const std::string &object, &name;

  Handle open_object(Id file) const {
    if (!exists(file, object)) fail(path, "has no '{}'", object);
    Handle handle(H5Oopen(file, object.c_str(), H5P_DEFAULT), H5Oclose);
    if (!handle) fail(path, "has no '{}': {}", object, last_reason());
    return handle;
  }
  [[noreturn]] void failed(std::string_view what) const {
    fail(path, "attribute '{}' of '{}' cannot be {}: {}", name, object, what, last_reason());
  }
};

void put(const Place& place, Id object, Id stored, Id memory, const void* values, hsize_t count, bool as_list) {
  const Handle space(as_list ? H5Screate_simple(1, &count, nullptr) : H5Screate(H5S_SCALAR), H5Sclose);
  Handle attribute(H5Acreate2(object, place.name.c_str(), stored, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute || (count > 0 && H5Awrite(attribute.get(), memory, values) < 0) || !attribute.close()) place.failed("written");
}

template <class T> void put_values(const Place& place, Id object, const T* values, size_t count, bool as_list) {
  if constexpr (std::is_same_v<T, std::string>) {
    const std::vector<const char*> pointers = text_pointers({values, count});
    const Handle type = text_type();
    put(place, object, type.get(), type.get(), pointers.data(), count, as_list);
  } else {
    put(place, object, Stored<T>::file(), Stored<T>::memory(), values, count, as_list);
  }
}

/// An open attribute with its type and extent.
struct OpenAttribute {
  Handle handle, type;
  size_t count = 1;
  bool is_list = false;

  OpenAttribute(const Place& place, Id object) : handle(H5Aopen(object, place.name.c_str(), H5P_DEFAULT), H5Aclose) {
    if (!handle) fail(place.path, "'{}' has no attribute '{}'", place.object, place.name);
    type = Handle(H5Aget_type(handle.get()), H5Tclose);
    const Handle space(H5Aget_space(handle.get()), H5Sclose);
    const hssize_t points = H5Sget_simple_extent_npoints(space.get());
    is_list = H5Sget_simple_extent_ndims(space.get()) > 0;
    if (!type || points < 0) place.failed("read");
    count = static_cast<size_t>(points);
    if (!is_list && count == 0) fail(place.path, "attribute '{}' of '{}' is empty", place.name, place.object);
    const size_t bytes = std::max<size_t>(H5Tget_size(type.get()), 8);
    if (count > kMostBytes / bytes) fail(place.path, "attribute '{}' of '{}' claims an absurd size", place.name, place.object);
  }
};

std::vector<std::string> texts(const Place& place, const OpenAttribute& attribute) {
  return read_texts(attribute.type.get(), attribute.count, [&](Id memory, void* buffer) {
    if (H5Aread(attribute.handle.get(), memory, buffer) < 0) place.failed("read");
  });
}

template <class T> std::vector<T> numbers(const Place& place, const OpenAttribute& attribute) {
  std::vector<T> values(attribute.count);
  if (attribute.count > 0 && H5Aread(attribute.handle.get(), Stored<T>::memory(), values.data()) < 0) place.failed("read");
  return values;
}

template <class T> Hdf5Attribute one_or_all(std::vector<T> values, bool as_list) {
  if (as_list) return values;
  return std::move(values.at(0));
}

}  // namespace

void write_attribute(const fs::path& path, Id file, const std::string& object, const std::string& name,
                     const Hdf5Attribute& value) {
  const Place place{path, object, name};
  Handle owner = place.open_object(file);
  if (H5Aexists(owner.get(), name.c_str()) > 0 && H5Adelete(owner.get(), name.c_str()) < 0) place.failed("replaced");
  std::visit(
      [&]<class T>(const T& v) {
        if constexpr (is_list<T>) put_values(place, owner.get(), v.data(), v.size(), true);
        else put_values(place, owner.get(), &v, 1, false);
      },
      value);
  if (!owner.close()) place.failed("written");
}

Hdf5Attribute read_attribute(const fs::path& path, Id file, const std::string& object, const std::string& name) {
  const Place place{path, object, name};
  const Handle owner = place.open_object(file);
  const OpenAttribute attribute(place, owner.get());
  switch (H5Tget_class(attribute.type.get())) {
    case H5T_STRING: return one_or_all(texts(place, attribute), attribute.is_list);
    case H5T_FLOAT: return one_or_all(numbers<double>(place, attribute), attribute.is_list);
    case H5T_INTEGER:
    case H5T_ENUM: return one_or_all(numbers<int64_t>(place, attribute), attribute.is_list);  // h5py's bool is an enum
    default: fail(path, "attribute '{}' of '{}' holds neither numbers nor text", name, object);
  }
}

std::vector<std::string> attribute_names(const fs::path& path, Id file, const std::string& object) {
  const std::string none;
  const Handle owner = Place{path, object, none}.open_object(file);
  std::vector<std::string> names;
  const auto keep = [](hid_t, const char* name, const H5A_info_t*, void* out) -> herr_t { return keep_name(name, out); };
  if (H5Aiterate2(owner.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &names) < 0)
    fail(path, "the attributes of '{}' cannot be listed: {}", object, last_reason());
  return names;
}

}  // namespace cudenza::hdf5
