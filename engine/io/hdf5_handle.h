/// RAII handles for HDF5 objects, and HDF5 errors as DataError, for the files of this folder.
#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include "engine/core/error.h"

namespace cudenza::hdf5 {

using Id = int64_t;  ///< the library's hid_t

/// Lock held while the library is used: not every build of it is thread-safe. Also turns off its error printing, a setting per
/// thread.
class Entered {
 public:
  Entered();

 private:
  std::lock_guard<std::mutex> lock_;
};

/// The innermost entry of the library's error stack: what went wrong, in its words. Throws DeviceError if memory ran out through
/// no fault of the file.
std::string last_reason();

template <class... Args>
[[noreturn]] void fail(const std::filesystem::path& path, fmt::format_string<Args...> what, Args&&... args) {
  throw DataError(fmt::format("{}: {}", path.string(), fmt::format(what, std::forward<Args>(args)...)));
}

/// Owns one HDF5 identifier.
class Handle {
 public:
  using Close = int (*)(Id);

  Handle() = default;
  Handle(Id id, Close closer) : id_(id), close_(closer) {}
  ~Handle() { close(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }

  Id get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  /// Returns whether the library closed it without an error: a file's last bytes are written here.
  bool close() noexcept { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }

 private:
  Id id_ = -1;
  Close close_ = nullptr;
};

}  // namespace cudenza::hdf5
