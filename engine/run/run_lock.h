/// One process at a time trains into a run's directory.
#pragma once
#include <filesystem>
#include <string>

namespace cudenza {

/// Holds RUN/.lock for as long as it lives. The lock is the system's (flock): that of a process which has ended, however it did,
/// is none any more. The file says whose it is, for whoever finds it held.
class RunLock {
 public:
  /// Makes the folder if there is none. Throws DataError that names the owner if another process holds the lock.
  explicit RunLock(const std::filesystem::path& run);
  /// Takes the file away, and a folder that this lock made if nothing else has come into it.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::filesystem::path run_, file_;
  bool made_folder_ = false;
  int descriptor_ = -1;
};

}  // namespace cudenza
