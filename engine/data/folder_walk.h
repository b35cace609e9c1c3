/// What lies in a folder: the one rule by which every verb looks for files.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace cudenza {

/// A folder, or the rest of one, that the system did not let us read.
struct UnreadFolder {
  std::string path, reason;  ///< "rock/live", "Permission denied"
};

/// All paths are from the root, with '/', sorted by their bytes.
struct FolderFiles {
  std::vector<std::string> files;    ///< regular files, and links whose aim is not there: whoever opens those can say so
  std::vector<std::string> folders;  ///< that were entered, or should have been
  std::vector<std::string> others;   ///< pipes, sockets and devices, which must never be opened
  std::vector<std::string> again;    ///< folders that were entered already by another way
  std::vector<UnreadFolder> unread;
};

/// Everything below `root`, however deep. Names that begin with a dot are passed over. Links are followed, but a folder is
/// entered once however many links lead to it, first of all by its own name: circles end, and a link beside it takes nothing
/// away from it. Names may be of any bytes. Throws DataError if `root` itself cannot be read.
FolderFiles walk_folder(const std::filesystem::path& root);

}  // namespace cudenza
