/// File and class names for display. Names may hold any byte, but pictures, pages and terminals need valid text.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace cudenza {

/// `text` as UTF-8 that XML allows. U+FFFD replaces invalid bytes, control characters except tab, line feed and carriage
/// return, and characters that change the writing direction.
std::string displayable(std::string_view text);

/// Width of displayable text in columns: a character takes one, an East Asian character or emoji two.
size_t columns_of(std::string_view text);

/// displayable(text) on one line of at most `most` columns; longer text is cut and ends in "…".
std::string shortened(std::string_view text, size_t most);

}  // namespace cudenza
