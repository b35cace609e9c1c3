/// A file without a disk: what is written often and read once.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace cudenza::testing {

class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("cudenza_test", MFD_CLOEXEC)) {}
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void set(std::string_view content) {
    if (ftruncate(file_, 0) != 0 || pwrite(file_, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
      throw std::runtime_error("cannot write a file in memory");
  }
  /// By which it can be opened from this process.
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

}  // namespace cudenza::testing
