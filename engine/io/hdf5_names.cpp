#include "engine/io/hdf5_names.h"

#include <hdf5.h>

#include <algorithm>

namespace cudenza::hdf5 {
namespace fs = std::filesystem;
namespace {

constexpr int kMostDepth = 32;  // of nested groups: hard links can form cycles
constexpr size_t kMostNames = 1 << 20;

bool holds_texts(Id data_set) {
  const Handle type(H5Dget_type(data_set), H5Tclose);
  return H5Tget_class(type.get()) == H5T_STRING;
}

/// Collects the names of the data sets below an open group.
class NameWalk {
 public:
  explicit NameWalk(const fs::path& path) : path_(path) {}

  void descend(Id group, const std::string& prefix, int depth) {
    if (depth > kMostDepth) fail(path_, "its groups lie in each other more than {} deep", kMostDepth);
    std::vector<std::string> links;
    const auto keep = [](hid_t, const char* name, const H5L_info_t* link, void* out) -> herr_t {
      return link->type == H5L_TYPE_HARD ? keep_name(name, out) : 0;
    };
    if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, keep, &links) < 0)
      fail(path_, "group '{}' cannot be listed: {}", prefix, last_reason());
    for (const std::string& link : links) visit(group, link, prefix + link, depth);
  }

  std::vector<std::string> names;

 private:
  void visit(Id group, const std::string& link, const std::string& name, int depth) {
    const Handle object(H5Oopen(group, link.c_str(), H5P_DEFAULT), H5Oclose);
    if (!object) fail(path_, "'{}' cannot be opened: {}", name, last_reason());
    if (++visited_ > kMostNames) fail(path_, "has more than {} names", kMostNames);
    const H5I_type_t kind = H5Iget_type(object.get());
    if (kind == H5I_DATASET && !holds_texts(object.get())) names.push_back(name);
    if (kind == H5I_GROUP) descend(object.get(), name + '/', depth + 1);
  }

  const fs::path& path_;
  size_t visited_ = 0;
};

}  // namespace

int keep_name(const char* name, void* names) noexcept {
  try {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
  } catch (const std::exception&) {
    return -1;  // no memory: no exception may pass through libhdf5
  }
}

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

bool exists(Id file, const std::string& path) {
  for (size_t end = 0; path != "/" && end != std::string::npos;) {
    end = path.find('/', end + 1);
    H5L_info_t link;
    const std::string so_far = path.substr(0, end);
    if (H5Lget_info(file, so_far.c_str(), &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) return false;
  }
  return true;
}

bool is_data_set_of_texts(Id file, const std::string& path) {
  if (!exists(file, path)) return false;
  const Handle object(H5Oopen(file, path.c_str(), H5P_DEFAULT), H5Oclose);
  return object && H5Iget_type(object.get()) == H5I_DATASET && holds_texts(object.get());
}

Handle link_options() {
  Handle options(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(options.get(), 1);
  H5Pset_char_encoding(options.get(), H5T_CSET_UTF8);
  return options;
}

std::vector<std::string> data_set_names(const fs::path& path, Id file, const std::string& at) {
  const Handle start(H5Gopen2(file, at.c_str(), H5P_DEFAULT), H5Gclose);
  if (!start) fail(path, "'{}' cannot be opened as a group: {}", at, last_reason());
  NameWalk walk(path);
  walk.descend(start.get(), at == "/" ? "" : at.substr(1) + '/', 0);
  std::ranges::sort(walk.names);
  return std::move(walk.names);
}

}  // namespace cudenza::hdf5
