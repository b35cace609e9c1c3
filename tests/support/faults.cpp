#include "tests/support/faults.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>

#include "tests/support/content_of.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace fs = std::filesystem;
namespace {

fs::path injector() { return fs::path(program_under_test()).parent_path() / "cudenza_fault_injector.so"; }

}  // namespace

std::string Fault::text() const {
  return fmt::format("{}:{}:{}{}", kind.name, kCallNames[static_cast<int>(kind.call)], at, kind.lasts ? "+" : "");
}

std::string why_no_faults() {
#if defined(__SANITIZE_ADDRESS__)
  return "AddressSanitizer wants to be the first library of a program";
#else
  return fs::exists(injector()) ? "" : injector().string() + " is missing: it is built with the tests, on Linux with glibc";
#endif
}

Disturbed run_disturbed(const std::string& arguments, const fs::path& below, const std::optional<Fault>& fault) {
  const ScratchFolder scratch;
  const fs::path record = scratch.path() / "record";
  Disturbed disturbed;
  std::ofstream(record, std::ios::binary).write(reinterpret_cast<const char*>(&disturbed.record), sizeof disturbed.record);
  const std::string environment =
      fmt::format("LD_PRELOAD='{}' CUDENZA_FAULT_RECORD='{}' CUDENZA_FAULT_BELOW='{}' {}", injector().string(), record.string(),
                  below.string(), fault ? "CUDENZA_FAULT=" + fault->text() : "");
  disturbed.ran = run_command(fmt::format("timeout 60 env {} '{}' {}", environment, program_under_test(), arguments));
  const std::string bytes = content_of(record);
  std::memcpy(&disturbed.record, bytes.data(), sizeof disturbed.record);
  return disturbed;
}

std::vector<long> spread(long calls, long count) {
  std::vector<long> places;
  const long most = std::min(calls, count);
  for (long i = 0; i < most; ++i) places.push_back((i + 1) * calls / most - 1);
  return places;
}

}  // namespace cudenza::testing
