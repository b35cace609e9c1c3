#include "weights/weight_content.h"

#include <algorithm>
#include <array>

#include "engine/core/text.h"

namespace cudenza {
namespace {

constexpr size_t kMostColumns = 400;  // of a licence or an origin

/// The last part of a key in lower case: "author" of "modelspec.Author".
std::string last_part(std::string_view key) {
  std::string part(key.substr(key.find_last_of("./:") + 1));
  for (char& c : part) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return part;
}

}  // namespace

void SourceFacts::note(std::string_view key, std::string_view value) {
  constexpr std::array<std::string_view, 7> kOrigins{"origin", "source", "url", "author", "producer", "homepage", "repository"};
  const std::string part = last_part(key), text = shortened(value, kMostColumns);
  if (text.empty()) return;
  if (part == "license" || part == "licence") license = text;
  if (std::ranges::find(kOrigins, part) == kOrigins.end()) return;
  origin = shortened(origin + (origin.empty() ? "" : "; ") + text, kMostColumns);
}

}  // namespace cudenza
