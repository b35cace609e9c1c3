/// Reading users' files safely: never waits for pipes or devices, and reports every failed read.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "engine/core/posix_file.h"

namespace cudenza {

/// A regular file, opened for reading from its start.
class RegularFile {
 public:
  /// Throws DataError with the file and the reason if it is missing or unreadable, or is a folder, pipe, socket or device
  /// (which could block forever).
  explicit RegularFile(const std::filesystem::path&);

  /// Fills `bytes`. Returns the number of bytes read: fewer only at the end of the file. Throws DataError if a read fails.
  size_t read(std::span<std::byte> bytes);

 private:
  std::filesystem::path path_;
  PosixFile file_;
  uint64_t at_ = 0;
};

/// The whole content of a regular file. Throws as RegularFile.
std::string read_text(const std::filesystem::path&);

}  // namespace cudenza
