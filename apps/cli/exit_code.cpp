#include "apps/cli/exit_code.h"

#include <cstdio>
#include <filesystem>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "apps/cli/interrupt.h"
#include "apps/cli/option_names.h"
#include "apps/cli/output.h"
#include "engine/core/error.h"
#include "engine/core/print_err.h"
#include "kernels/common/cuda_error.h"

namespace cudenza {
namespace {

/// Piece by piece: there may be no memory for a whole line.
int failed(ExitCode code, const char* message) {
  write_err("cudenza: ");
  try {
    write_err(with_option_names(message));
  } catch (const std::bad_alloc&) {
    write_err(message);
  }
  write_err("\n");
  return code;
}

std::string usage_message(const CLI::App* program, const CLI::Error& e) {
  const bool lacks_verb = e.get_name() == "RequiredError" && program->get_subcommands().empty();
  if (!lacks_verb) return fmt::format("cudenza: {}; see cudenza --help\n", e.what());
  const auto unknown = program->remaining();
  if (unknown.empty()) return "cudenza: say what to do; cudenza --help lists the verbs\n";
  return fmt::format("cudenza: there is no verb '{}'; cudenza --help lists them\n", unknown.front());
}

/// The command line with "./" before names in brackets: CLI11 would take [a,b] for a list of values. None of our options has
/// such, but files and folders may be called so.
std::vector<std::string> without_lists(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (std::string& argument : arguments) {
    const size_t value = argument.starts_with("--") ? argument.find('=') + 1 : 0;  // of --option=value, or all of it
    if (argument.find('[', value) == value && argument.ends_with(']')) argument.insert(value, "./");
  }
  return arguments;
}

/// Runs what the command line names. What CLI11 has to say (help, the version, or what is wrong) comes as an exception.
int parse(CLI::App& program, int argc, char** argv, int rank) {
  try {
    const std::vector<std::string> arguments = without_lists(argc, argv);
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    program.parse(argc, pointers.data());
    return kDone;
  } catch (const CLI::ParseError& e) {
    std::ostringstream out, err;
    const bool is_asked_for = program.exit(e, out, err) == 0;
    write_out(out.str());
    if (!err.str().empty() && rank == 0) print_err("{}", err.str());
    return is_asked_for ? kDone : kUsageError;
  } catch (...) {
    let_first_speak(rank);
    throw;
  }
}

}  // namespace

int run(CLI::App& program, int argc, char** argv, int rank) {
  program.failure_message(usage_message);
  try {
    return parse(program, argc, argv, rank);
  } catch (const ReaderGone&) {
    return kReaderGone;
  } catch (const UsageError& e) {
    return failed(kUsageError, e.what());
  } catch (const DataError& e) {
    return failed(kDataError, e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return failed(kDataError, fmt::format("{}: {}", e.path1().string(), e.code().message()).c_str());
  } catch (const DeviceError& e) {
    return failed(kDeviceError, e.what());
  } catch (const kernels::CudaError& e) {
    return failed(kDeviceError, e.what());
  } catch (const std::bad_alloc&) {
    return failed(kDeviceError, "out of memory: use a smaller --batch-size or fewer --threads, or raise the limit (ulimit -v)");
  } catch (const Interrupted& e) {
    return rank == 0 ? failed(kInterrupted, e.what()) : kInterrupted;  // all are told to stop
  } catch (const std::exception& e) {
    return failed(kInternalError, fmt::format("internal error: {}", e.what()).c_str());
  }
}

}  // namespace cudenza
