/// Runs other programs, without a shell.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

struct ProgramOptions {
  std::string_view input = {};                   ///< its standard input; any bytes
  bool shares_stderr = false;                    ///< its standard error goes to ours (progress bars), not into the result
  std::optional<uint64_t> most_file_bytes = {};  ///< no file it writes can be larger than this, in bytes
};

struct ProgramResult {
  int start_error = 0;  ///< errno if it could not be started, else 0; ENOENT: there is no such program
  int status = -1;      ///< exit code, 128 + the signal that ended it, or -1 if it was not started
  std::string out = {}, err = {};

  /// "was not found: <install>" if there is no such program, else "cannot be started: <the system's reason>".
  std::string why_not_started(std::string_view install) const;
};

/// Finds arguments[0] in PATH, runs it and waits for its end. Its streams are files in memory: they cannot block and use no
/// disk.
ProgramResult run_program(std::vector<std::string> arguments, const ProgramOptions& = {});

}  // namespace cudenza
