/// Names of files and classes as people see them: they may hold any byte, but a picture, a page or a terminal takes text alone.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace cudenza {

/// `text` as UTF-8 that XML allows. U+FFFD stands for bytes that are no UTF-8, for control characters but tab, line feed and
/// carriage return, and for those that turn the direction of what is written behind them.
std::string displayable(std::string_view text);

/// How much room displayable text takes: a character is one column, an East Asian one or an emoji two.
size_t columns_of(std::string_view text);

/// displayable(text) on one line, in `most` columns at most: what is longer ends in "…".
std::string shortened(std::string_view text, size_t most);

}  // namespace cudenza
