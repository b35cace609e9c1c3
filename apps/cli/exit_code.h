/// The program's exit codes, and the one place where exceptions become them.
#pragma once
#include <CLI/CLI.hpp>
#include <stdexcept>

namespace cudenza {

enum ExitCode {
  kDone = 0,
  kInternalError = 1,  ///< a fault of ours
  kUsageError = 2,     ///< UsageError, or a command line that cannot be read
  kDataError = 3,      ///< DataError, or a file system's error
  kDeviceError = 4,    ///< DeviceError, CudaError, or no memory
  kInterrupted = 130,  ///< Interrupted, as a shell reports Ctrl-C
  kReaderGone = 141,   ///< ReaderGone, without a message: as a shell reports other programs whose pipe was closed
};

/// Ctrl-C was pressed and the work has been put in order.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads the command line, which runs the verb it names, and returns the exit code. What goes wrong is said on stderr: of
/// several processes by the first, if it befalls all (let_first_speak() in interrupt.h). `rank` is this one's number.
int run(CLI::App& program, int argc, char** argv, int rank);

}  // namespace cudenza
