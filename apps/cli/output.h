/// Results on stdout. Nothing else in the program writes there, so that output which cannot be written is never taken for done.
#pragma once
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cudenza {

/// Whoever read our output has closed the pipe (`cudenza predict … | head -1`): there is nobody to go on for.
struct ReaderGone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// To be called first in main(). A standard stream that was closed gets a place holder, since otherwise the next file to be
/// opened would become stdout and take the results; writing to a closed stdout still fails. A closed pipe becomes an error of
/// its write instead of a signal.
void prepare_standard_streams();

/// For a process of several whose first one prints: from now on what it writes to stdout goes nowhere.
void silence_stdout();

/// Writes text to stdout at once: what was printed has arrived, whatever happens later. Throws DataError with the system's reason
/// if it cannot be written, ReaderGone if nobody reads it any more.
void write_out(std::string_view text);

template <class... Args> void print_out(fmt::format_string<Args...> format, Args&&... args) {
  write_out(fmt::format(format, std::forward<Args>(args)...));
}

/// JSON as text, on one line if `indent` is -1. Names of files need not be UTF-8, but JSON must be: other bytes become U+FFFD.
std::string json_text(const nlohmann::ordered_json&, int indent = 2);

/// Writes a JSON value and a line's end to stdout; throws as write_out().
void print_json(const nlohmann::ordered_json&, int indent = 2);

}  // namespace cudenza
