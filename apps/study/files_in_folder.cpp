#include "apps/study/files_in_folder.h"

#include "engine/core/error.h"

namespace cudenza {
namespace fs = std::filesystem;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

void tell_unread(const fs::path& root, std::span<const UnreadFolder> unread, bool strict, Observer& observer) {
  for (const UnreadFolder& folder : unread) {
    const std::string fault = fmt::format("{}: the folder cannot be read: {}", (root / folder.path).string(), folder.reason);
    if (strict) throw DataError(fault);
    observer.warn(fault + "; its files are left out");
  }
}

std::vector<fs::path> files_in_folder(const fs::path& folder, Media media, bool strict, Observer& observer) {
  const FolderFiles all = walk_folder(folder);
  tell_unread(folder, all.unread, strict, observer);
  std::vector<fs::path> found;
  for (const std::string& file : all.files) {
    if (media_of(file) == media) found.push_back(folder / file);
  }
  if (found.empty())
    throw DataError(
        fmt::format("{}: holds no {} files", folder.string(), media == Media::sound ? "wav, au, flac, ogg or mp3" : "png"));
  return found;
}

}  // namespace cudenza
