#include "engine/data/track.h"

#include <fmt/format.h>

#include <filesystem>

namespace cudenza {
namespace fs = std::filesystem;
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string without_extension(const std::string& path) { return fs::path(path).replace_extension().generic_string(); }

std::optional<std::string> clip_name(std::string_view stem) {
  size_t letters = 0;
  while (letters < stem.size() && is_letter(stem[letters])) ++letters;
  size_t begin = letters + (letters < stem.size() && stem[letters] == '.'), end = begin;
  while (end < stem.size() && is_digit(stem[end])) ++end;
  if (letters == 0 || end - begin != 5) return std::nullopt;
  return fmt::format("{}.{}", stem.substr(0, letters), stem.substr(begin, 5));
}

std::string track_by_path(const std::string& path) {
  const fs::path name(path);
  const auto clip = clip_name(name.stem().string());
  return clip ? (name.parent_path() / *clip).generic_string() : without_extension(path);
}

std::string track_of(const Item& item) { return item.track.empty() ? track_by_path(item.path) : item.track; }

}  // namespace cudenza
