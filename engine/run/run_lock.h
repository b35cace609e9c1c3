/// Lets only one process at a time train into a run's directory.
#pragma once
#include <filesystem>
#include <string>

namespace cudenza {

/// Holds RUN/.lock while it lives. It is a lock of the system (flock): it ends with its process, however that ends. The file
/// names the owner, for other processes that find it held.
class RunLock {
 public:
  /// Makes the folder if it is missing. Throws DataError naming the owner if another process holds the lock.
  explicit RunLock(const std::filesystem::path& run);
  /// For a process that trains together with the one that holds the lock: takes nothing, and lets go of nothing.
  struct HeldByFirst {};
  explicit RunLock(HeldByFirst) {}
  /// Removes the file, and the folder if this lock made it and it is empty.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::filesystem::path run_, file_;
  bool made_folder_ = false;
  int descriptor_ = -1;
};

}  // namespace cudenza
