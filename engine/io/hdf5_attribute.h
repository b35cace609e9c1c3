/// Attributes of HDF5 objects, and how hdf5_file.cpp stores them. hdf5::Entered must be held.
#pragma once
#include <optional>

#include "engine/io/hdf5_file.h"
#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// Numbers are stored as 64-bit, strings as UTF-8 of variable length, as h5py does.
void write_attribute(const std::filesystem::path&, Id file, const std::string& object, const std::string& name,
                     const Hdf5Attribute& value);
Hdf5Attribute read_attribute(const std::filesystem::path&, Id file, const std::string& object, const std::string& name);
std::vector<std::string> attribute_names(const std::filesystem::path&, Id file, const std::string& object);

/// The value as a T if nothing is lost: an integer as a double, one value as a list, integers as doubles. Else nullopt.
template <class T> std::optional<T> attribute_as(const Hdf5Attribute& value) {
  if (const T* exact = std::get_if<T>(&value)) return *exact;
  if constexpr (std::is_same_v<T, double>) {
    if (const int64_t* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  }
  if constexpr (requires(T list) { list.push_back({}); } && !std::is_same_v<T, std::string>) {
    using Element = typename T::value_type;
    if (const auto one = std::get_if<Element>(&value)) return T{*one};
    if constexpr (std::is_same_v<Element, double>) {
      if (const int64_t* integer = std::get_if<int64_t>(&value)) return T{static_cast<double>(*integer)};
      if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) return T(list->begin(), list->end());
    }
  }
  return std::nullopt;
}

}  // namespace cudenza::hdf5
