/// An open file that reports every failure. C++ streams lose the reason of a failure, and a failed fclose is easily missed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace cudenza {

/// Calls return 0 or the system's errno. Interrupted calls and short reads and writes are continued.
class PosixFile {
 public:
  PosixFile() = default;
  ~PosixFile() { (void)close(); }
  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;

  /// Creates a file for writing and reading. EEXIST if the name is taken: nothing is written through a link.
  int create(const std::filesystem::path&);
  /// Opens a regular file for reading. EINVAL for folders, pipes and devices; does not wait for them.
  int open(const std::filesystem::path&);

  int size(uint64_t& bytes) const;
  /// Fills `to` from byte `at` on. `got` counts the bytes read: fewer than to.size() only at the end of the file.
  int read(uint64_t at, std::span<std::byte> to, size_t& got) const;
  int write(uint64_t at, std::span<const std::byte> from);
  int resize(uint64_t bytes);
  /// Starts writing to the disk, so that sync() waits less.
  void begin_sync();
  /// Waits until the bytes are on the disk.
  int sync();
  int close();

 private:
  int file_ = -1;
};

}  // namespace cudenza
