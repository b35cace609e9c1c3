#include "engine/core/text.h"

#include <algorithm>
#include <cstdint>

namespace cudenza {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD", kEllipsis = "\xE2\x80\xA6";

/// A character and its length in bytes; for an invalid byte `bytes` is 1 and `is_valid` false.
struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 1;
  bool is_valid = false;
};

/// The first character of a non-empty text (RFC 3629: shortest form only, no surrogates).
CodePoint first_of(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  uint32_t value = lead & (0x7F >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[bytes] || (value >= 0xD800 && value < 0xE000) || value > 0x10FFFF) return {};
  return {value, bytes, true};
}

struct Range {
  uint32_t first, last;
};
bool is_in(uint32_t value, std::initializer_list<Range> ranges) {
  return std::ranges::any_of(ranges, [&](const Range& range) { return value >= range.first && value <= range.last; });
}

bool is_shown(const CodePoint& point) {
  if (!point.is_valid) return false;
  if (point.value == '\t' || point.value == '\n' || point.value == '\r') return true;
  constexpr uint32_t kNoCharacter = 0xFFFE;  // and 0xFFFF, in every plane
  return (point.value & kNoCharacter) != kNoCharacter &&
         !is_in(point.value, {{0, 0x1F}, {0x7F, 0x9F}, {0x202A, 0x202E}, {0x2066, 0x2069}, {0xFDD0, 0xFDEF}});
}

/// As terminals count columns (Unicode Standard Annex 11, in its large blocks).
size_t columns_of(uint32_t value) {
  const bool is_wide = is_in(value, {{0x1100, 0x115F},
                                     {0x2E80, 0xA4CF},
                                     {0xAC00, 0xD7A3},
                                     {0xF900, 0xFAFF},
                                     {0xFE30, 0xFE6F},
                                     {0xFF00, 0xFF60},
                                     {0xFFE0, 0xFFE6},
                                     {0x1F300, 0x1FAFF},
                                     {0x20000, 0x3FFFD}});
  return is_wide ? 2 : 1;
}

}  // namespace

std::string displayable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const CodePoint point = first_of(text);
    shown += is_shown(point) ? text.substr(0, point.bytes) : kReplacement;
    text.remove_prefix(point.bytes);
  }
  return shown;
}

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const CodePoint point = first_of(text);
    columns += columns_of(point.value);
    text.remove_prefix(point.bytes);
  }
  return columns;
}

std::string shortened(std::string_view text, size_t most) {
  std::string line = displayable(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  if (columns_of(std::string_view(line)) <= most) return line;
  std::string_view rest = line;
  for (size_t columns = 1; !rest.empty(); rest.remove_prefix(first_of(rest).bytes)) {  // one for the "…"
    columns += columns_of(first_of(rest).value);
    if (columns > most) break;
  }
  return line.substr(0, line.size() - rest.size()).append(kEllipsis);
}

}  // namespace cudenza
