/// What errors say.
#pragma once
#include <gtest/gtest.h>

#include <source_location>
#include <string>
#include <string_view>

namespace cudenza::testing {

/// The message of the E that f throws.
template <class E, class F> std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

inline void expect_says(const std::string& text, std::string_view word,
                        std::source_location at = std::source_location::current()) {
  if (text.find(word) == std::string::npos)
    ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << "\"" << text << "\" does not say \"" << word << "\"";
}

}  // namespace cudenza::testing
