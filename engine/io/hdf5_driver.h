/// Connects libhdf5 to the system's files: a virtual file driver over one descriptor. Without it, libhdf5 loses the reason of a
/// failed write, closes some objects as if nothing had failed, and crashes at process exit if it could not close a file. This
/// driver keeps the first failure and from then on reports success to libhdf5. So libhdf5 closes in order; the writer asks
/// status() and abandons the file.
#pragma once
#include <memory>

#include "engine/core/posix_file.h"
#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// A file that libhdf5 uses through access(). It must outlive what libhdf5 opens through it.
class DrivenFile {
 public:
  DrivenFile();
  ~DrivenFile();
  DrivenFile(const DrivenFile&) = delete;
  DrivenFile& operator=(const DrivenFile&) = delete;

  PosixFile posix;

  /// Options for H5Fcreate() or H5Fopen(), which then use `posix`, whatever name they are given. Use them at once: H5Fclose()
  /// must come before the next access(). Entered must be held.
  Handle access();
  /// errno of the first write that failed, or 0.
  int status() const { return status_; }
  /// Drops what libhdf5 still has to write.
  void abandon();

 private:
  friend struct Driver;

  struct Opened* opened_ = nullptr;  // used by libhdf5 while the file is open
  int status_ = 0;
};

}  // namespace cudenza::hdf5
