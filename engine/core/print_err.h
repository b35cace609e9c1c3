/// Lines for a person: progress, remarks, warnings.
#pragma once
#include <fmt/format.h>

#include <string_view>

namespace cudenza {

/// Writes to stderr. What cannot be written there (its disk is full, its terminal is closed) is lost without a word: no work ends
/// because of a remark.
void write_err(std::string_view text) noexcept;

template <class... Args> void print_err(fmt::format_string<Args...> format, Args&&... args) {
  write_err(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cudenza
