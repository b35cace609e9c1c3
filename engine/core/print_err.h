/// Messages for the user: progress, remarks, warnings.
#pragma once
#include <fmt/format.h>

#include <string_view>

namespace cudenza {

/// Writes to stderr. Failures (a full disk, a closed terminal) are ignored: a message must not end the work.
void write_err(std::string_view text) noexcept;

template <class... Args> void print_err(fmt::format_string<Args...> format, Args&&... args) {
  write_err(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace cudenza
