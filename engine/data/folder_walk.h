/// Contents of a folder, by the one rule that all commands use.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace cudenza {

/// A folder, or the rest of one, that the system did not let us read.
struct UnreadFolder {
  std::string path, reason;  ///< "rock/live", "Permission denied"
};

/// All paths are relative to the root, with '/', sorted by bytes.
struct FolderFiles {
  std::vector<std::string> files;    ///< regular files, and links to nothing: opening them reports the error
  std::vector<std::string> folders;  ///< entered, or should have been
  std::vector<std::string> others;   ///< pipes, sockets and devices, which must never be opened
  std::vector<std::string> again;    ///< folders already entered by another path
  std::vector<UnreadFolder> unread;
};

/// Everything below `root`, at any depth. Names that begin with a dot are skipped. Links are followed, but a folder is entered
/// only once, by its own name before any link: cycles end, and a link beside a folder changes nothing for it. Names may have any
/// bytes. Throws DataError if `root` itself cannot be read.
FolderFiles walk_folder(const std::filesystem::path& root);

}  // namespace cudenza
