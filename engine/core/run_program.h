/// Other programs, run without a shell.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

struct ProgramOptions {
  std::string_view input = {};                   ///< its standard input, which may hold any bytes
  bool shares_stderr = false;                    ///< its standard error is ours (progress bars) and not part of the result
  std::optional<uint64_t> most_file_bytes = {};  ///< it can make no file larger than this
};

struct ProgramResult {
  int start_error = 0;  ///< errno of a start that failed, else 0; ENOENT: there is no such program
  int status = -1;      ///< its exit code, 128 + the signal that ended it, or -1 if it was not started
  std::string out = {}, err = {};

  /// "was not found: <install>" where there is no such program, else "cannot be started: <the system's reason>".
  std::string why_not_started(std::string_view install) const;
};

/// Runs arguments[0], looked for in PATH, and waits for its end. Its streams are files in memory: nothing blocks, and nothing is
/// written to a disk.
ProgramResult run_program(std::vector<std::string> arguments, const ProgramOptions& = {});

}  // namespace cudenza
