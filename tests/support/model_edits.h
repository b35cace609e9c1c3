/// The content of an HDF5 file in memory, to be changed and written again with a checksum that fits: damage that only its reader
/// can see.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/hdf5_file.h"

namespace cudenza::testing {

struct Hdf5Content {
  std::map<std::pair<std::string, std::string>, Hdf5Attribute> attributes;  ///< by object and name
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::vector<std::string>> texts;

  /// All tensors, attributes of the root and of `groups`, and `lists` of texts.
  static Hdf5Content of(const Hdf5File& file, const std::vector<std::string>& groups, const std::vector<std::string>& lists) {
    Hdf5Content content;
    for (const std::string& name : file.names()) content.tensors[name] = file.read(name);
    for (const std::string& list : lists) content.texts[list] = file.read_texts(list);
    for (const std::string& name : file.attribute_names("/")) content.attributes[{"/", name}] = file.attribute("/", name);
    for (const std::string& group : groups) {
      for (const std::string& name : file.attribute_names(group)) content.attributes[{group, name}] = file.attribute(group, name);
    }
    return content;
  }

  void write(const std::filesystem::path& path) const {
    Hdf5File::create(path, [&](Hdf5File& file) {
      for (const auto& [name, tensor] : tensors) file.write(name, tensor);
      for (const auto& [name, list] : texts) file.write_texts(name, list);
      for (const auto& [place, value] : attributes) file.set_attribute(place.first, place.second, value);
    });
  }
};

}  // namespace cudenza::testing
