/// Runs the program with the fault injector (fault_injector.cpp): chosen calls of the system fail.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fault_injector.h"
#include "tests/support/program.h"

namespace cudenza::testing {

/// One way to fail: which call, and what it says.
struct FaultKind {
  std::string name;  ///< of errno, or "short": half of what was to be written
  Call call;
  bool lasts = false;  ///< all later calls of that sort fail too; threads: while as many live
};

/// A kind at a place: `at` calls succeed before.
struct Fault {
  FaultKind kind;
  long at = 0;

  std::string text() const;
};

/// Why nothing can be injected here; empty if it can.
std::string why_no_faults();

struct Disturbed {
  Ran ran;  ///< status 124: it hung
  FaultRecord record;

  long calls(Call call) const { return record.counts[static_cast<int>(call)]; }
};

/// The program with these arguments, a fault among the calls on files below a folder; without a fault the calls are counted.
Disturbed run_disturbed(const std::string& arguments, const std::filesystem::path& below, const std::optional<Fault>& = {});

/// `count` places among `calls`, or all of them where they are fewer: evenly spread, the last call among them.
std::vector<long> spread(long calls, long count);

}  // namespace cudenza::testing
