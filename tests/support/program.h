/// Runs the cudenza program that lies beside this test program.
#pragma once
#include <string>

namespace cudenza::testing {

struct Ran {
  int status = -1;       ///< the exit code; 128 + the signal if one killed it
  std::string out, err;  ///< what it wrote
};

/// `arguments` as in a shell: "info --json >/dev/full".
Ran run_program(const std::string& arguments);

}  // namespace cudenza::testing
