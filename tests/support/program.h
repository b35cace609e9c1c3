/// Runs programs as a shell does, above all the cudenza program that lies beside this test program.
#pragma once
#include <string>

namespace cudenza::testing {

struct Ran {
  int status = -1;       ///< the exit code; 128 + the signal if one killed it
  std::string out, err;  ///< what it wrote
};

/// `rest` may send what it writes elsewhere: "info --json >/dev/full".
Ran run_command(const std::string& command, const std::string& rest = "");
/// The cudenza program with these arguments.
Ran run_program(const std::string& arguments);
std::string program_under_test();

}  // namespace cudenza::testing
