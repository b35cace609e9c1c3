/// One open file of the system, every answer of which is looked at: streams of C++ lose the reason of a failure, and a failure
/// of fclose is easily lost altogether.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace cudenza {

/// Calls return 0, or the system's errno. Interrupted and short ones are gone on with.
class PosixFile {
 public:
  PosixFile() = default;
  ~PosixFile() { (void)close(); }
  PosixFile(PosixFile&& other) noexcept;
  PosixFile& operator=(PosixFile&& other) noexcept;

  /// A new file, to write and read. What has this name must have been removed: nothing is written through a link.
  int create(const std::filesystem::path&);
  /// An existing regular file, to read. EINVAL for folders, pipes and devices, which are not waited for.
  int open(const std::filesystem::path&);

  int size(uint64_t& bytes) const;
  /// Fills `to` from byte `at` on; `got` is less than its size only where the file ends.
  int read(uint64_t at, std::span<std::byte> to, size_t& got) const;
  int write(uint64_t at, std::span<const std::byte> from);
  int resize(uint64_t bytes);
  /// Lets the disk begin with what is written, so that sync() has less to wait for.
  void begin_sync();
  /// Waits until the bytes are on the disk.
  int sync();
  int close();

 private:
  int file_ = -1;
};

}  // namespace cudenza
