/// What comes in on stdin, as a file: decoders want to go back and forth in it.
#pragma once
#include <filesystem>

namespace cudenza {

/// A copy in the folder for temporary files ($TMPDIR, else /tmp) that has no name there: it is gone with the process, however
/// that ends.
class StdinFile {
 public:
  /// Reads stdin to its end. Throws DataError if it cannot be read, or if there is no room for it.
  StdinFile();
  ~StdinFile();
  StdinFile(const StdinFile&) = delete;
  StdinFile& operator=(const StdinFile&) = delete;

  /// By which this process can open it.
  std::filesystem::path path() const;

 private:
  int file_ = -1;
};

}  // namespace cudenza
