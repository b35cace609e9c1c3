/// Owners for what the HDF5 library hands out, and its errors as DataError: for the files of this folder that call it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include "engine/core/error.h"

namespace cudenza::hdf5 {

using Id = int64_t;  ///< the library's hid_t

/// Held while the library is used: not every build of it may be entered by two threads at once. Stops it from printing its
/// errors, which it wants to be told thread by thread.
class Entered {
 public:
  Entered();

 private:
  std::lock_guard<std::mutex> lock_;
};

/// The innermost entry of the library's error stack: what went wrong, in its words. Throws DeviceError if that is a lack of
/// memory that is no fault of the file.
std::string last_reason();

template <class... Args>
[[noreturn]] void fail(const std::filesystem::path& path, fmt::format_string<Args...> what, Args&&... args) {
  throw DataError(fmt::format("{}: {}", path.string(), fmt::format(what, std::forward<Args>(args)...)));
}

/// One identifier with one owner.
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
  /// Whether the library closed it without complaint: a file's last bytes are written here.
  bool close() noexcept { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }

 private:
  Id id_ = -1;
  Close close_ = nullptr;
};

}  // namespace cudenza::hdf5
