#include "engine/io/hdf5_texts.h"

#include <hdf5.h>

#include <algorithm>

namespace cudenza::hdf5 {
namespace {

std::vector<std::string> fixed_texts(Id stored, size_t count, const ReadValues& read) {
  const size_t width = H5Tget_size(stored);
  const bool is_padded = H5Tget_strpad(stored) == H5T_STR_SPACEPAD;
  std::string bytes(width * count, '\0');
  if (count > 0) read(stored, bytes.data());
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    std::string text = bytes.substr(i * width, width);
    text.resize(std::min(text.find('\0'), text.size()));
    if (is_padded) text.resize(text.find_last_not_of(' ') + 1);
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type.get(), H5T_VARIABLE);
  H5Tset_cset(type.get(), H5T_CSET_UTF8);
  return type;
}

std::vector<const char*> text_pointers(std::span<const std::string> texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) {
    require(text.find('\0') == std::string::npos, "a text with a zero byte cannot be kept in HDF5: '{}'", text);
    pointers.push_back(text.c_str());
  }
  return pointers;
}

std::vector<std::string> read_texts(Id stored, size_t count, const ReadValues& read) {
  if (H5Tis_variable_str(stored) <= 0) return fixed_texts(stored, count, read);
  const Handle memory = text_type();
  H5Tset_cset(memory.get(), H5Tget_cset(stored));
  std::vector<char*> pointers(count, nullptr);
  if (count > 0) read(memory.get(), pointers.data());
  std::vector<std::string> texts;
  for (char* text : pointers) {
    texts.emplace_back(text ? text : "");
    H5free_memory(text);
  }
  return texts;
}

}  // namespace cudenza::hdf5
