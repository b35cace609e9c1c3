/// Errors. The class decides the program's exit code. Messages name the op or file, the values and the remedy. They write
/// struct fields in backquotes (`batch_size`), which the program shows as command-line options.
#pragma once
#include <fmt/format.h>

#include <stdexcept>

namespace cudenza {

/// The caller passed something that cannot work (shapes, types, options): exit code 2.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// A file or data set is bad or missing: exit code 3.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The device is absent, fails, or is out of memory: exit code 4.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws UsageError with the formatted message unless `ok`.
template <class... Args> void require(bool ok, fmt::format_string<Args...> message, Args&&... args) {
  if (!ok) throw UsageError(fmt::format(message, std::forward<Args>(args)...));
}

}  // namespace cudenza
