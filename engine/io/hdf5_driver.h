/// The way between libhdf5 and the system's files: a virtual file driver over one descriptor. libhdf5 as it is loses the reason
/// of a failed write, closes some objects as if nothing had happened, and crashes at the end of a process that could not close
/// a file. Here the first failure is kept, and from then on libhdf5 is told that all is well: it closes in order, and whoever
/// writes asks status() and abandons the file.
#pragma once
#include <memory>

#include "engine/core/posix_file.h"
#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// A file that libhdf5 may be given by its access(). It must outlive what libhdf5 opens by it.
class DrivenFile {
 public:
  DrivenFile();
  ~DrivenFile();
  DrivenFile(const DrivenFile&) = delete;
  DrivenFile& operator=(const DrivenFile&) = delete;

  PosixFile posix;

  /// Options for H5Fcreate() or H5Fopen(), which then use `posix`, whatever name they are given, and at once: H5Fclose() comes
  /// before the next. Entered must be held.
  Handle access();
  /// errno of the first write that failed, or 0.
  int status() const { return status_; }
  /// What libhdf5 still has to write is forgotten.
  void abandon();

 private:
  friend struct Driver;

  struct Opened* opened_ = nullptr;  // libhdf5's, while it uses the file
  int status_ = 0;
};

}  // namespace cudenza::hdf5
