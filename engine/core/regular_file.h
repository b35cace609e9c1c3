/// Reading files that somebody else made: nothing that is no file is waited for, and nothing that was not read is taken as read.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "engine/core/posix_file.h"

namespace cudenza {

/// A regular file, open for reading from its beginning on.
class RegularFile {
 public:
  /// Throws DataError with the file and the reason: it is not there, may not be read, or is a folder, pipe, socket or device
  /// (whose opening or reading could wait for ever).
  explicit RegularFile(const std::filesystem::path&);

  /// Fills `bytes` as far as the file goes; returns how many were read, fewer only at its end. Throws DataError if the disk
  /// fails.
  size_t read(std::span<std::byte> bytes);

 private:
  std::filesystem::path path_;
  PosixFile file_;
  uint64_t at_ = 0;
};

/// The whole content of a regular file. Throws as RegularFile.
std::string read_text(const std::filesystem::path&);

}  // namespace cudenza
