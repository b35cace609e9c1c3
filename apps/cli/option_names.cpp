#include "apps/cli/option_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cudenza {
namespace {

/// Fields whose option has another name than their own with hyphens.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOtherNames{
    {{"clip_seconds", "clip"}, {"crop_seconds", "crop"}, {"crop_width", "crop"}, {"picture.height", "image-size"}}};

bool is_field(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '.'; });
}

std::string option_of(std::string_view field) {
  for (const auto& [name, option] : kOtherNames) {
    if (field == name) return "--" + std::string(option);
  }
  std::string option = "--" + std::string(field);
  std::ranges::replace(option, '_', '-');
  return option;
}

}  // namespace

std::string with_options(std::string_view message) {
  std::string text;
  while (!message.empty()) {
    const size_t begin = std::min(message.find('`'), message.size());
    text += message.substr(0, begin);
    message.remove_prefix(begin);
    const size_t end = message.find('`', 1);
    const std::string_view field = end == message.npos ? "" : message.substr(1, end - 1);
    if (is_field(field)) text += option_of(field);
    else text += message.substr(0, end == message.npos ? end : end + 1);
    message.remove_prefix(end == message.npos ? message.size() : end + 1);
  }
  return text;
}

}  // namespace cudenza
