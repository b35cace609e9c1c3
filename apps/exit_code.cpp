#include "apps/exit_code.h"

#include <cstdio>
#include <iostream>
#include <new>

#include "engine/core/error.h"
#include "kernels/common/cuda_error.h"

namespace cudenza {
namespace {

int failed(ExitCode code, const char* message) {
  fmt::print(stderr, "cudenza: {}\n", message);
  return code;
}

std::string usage_message(const CLI::App* program, const CLI::Error& e) {
  const bool lacks_verb = e.get_name() == "RequiredError" && program->get_subcommands().empty();
  if (!lacks_verb) return fmt::format("cudenza: {}; see cudenza --help\n", e.what());
  const auto unknown = program->remaining();
  if (unknown.empty()) return "cudenza: say what to do; cudenza --help lists the verbs\n";
  return fmt::format("cudenza: there is no verb '{}'; cudenza --help lists them\n", unknown.front());
}

/// A full disk or a closed pipe shows when what was printed is written: a cut-off table must not look like a whole one.
void flush_output() {
  std::cout.flush();
  if (std::fflush(stdout) != 0 || !std::cout) throw DataError("the output could not be written");
}

}  // namespace

int run(CLI::App& program, int argc, char** argv) {
  program.failure_message(usage_message);
  try {
    program.parse(argc, argv);
    flush_output();
    return kDone;
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? kDone : kUsageError;  // --help and --version come here too
  } catch (const UsageError& e) {
    return failed(kUsageError, e.what());
  } catch (const DataError& e) {
    return failed(kDataError, e.what());
  } catch (const DeviceError& e) {
    return failed(kDeviceError, e.what());
  } catch (const kernels::CudaError& e) {
    return failed(kDeviceError, e.what());
  } catch (const std::bad_alloc&) {
    return failed(kDeviceError, "out of memory");
  } catch (const Interrupted& e) {
    return failed(kInterrupted, e.what());
  } catch (const std::exception& e) {
    return failed(kInternalError, fmt::format("internal error: {}", e.what()).c_str());
  }
}

}  // namespace cudenza
