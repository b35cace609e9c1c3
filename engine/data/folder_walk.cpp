#include "engine/data/folder_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>
#include <utility>

#include "engine/core/error.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

class Walk {
 public:
  explicit Walk(const fs::path& root) : root_(root) {}

  FolderFiles run() {
    enter("");
    if (!found_.unread.empty())
      throw DataError(fmt::format("{}: the folder cannot be read: {}", root_.string(), found_.unread[0].reason));
    // Sets instead of recursion: folders may be nested deeper than the stack. Links come last (see walk_folder()).
    while (!folders_.empty() || !linked_.empty()) {
      std::set<std::string>& next = folders_.empty() ? linked_ : folders_;
      enter(next.extract(next.begin()).value());
    }
    for (auto* const list : {&found_.files, &found_.folders, &found_.others, &found_.again}) std::ranges::sort(*list);
    std::ranges::sort(found_.unread, {}, &UnreadFolder::path);
    return std::move(found_);
  }

 private:
  /// `folder` is empty for the root.
  void enter(const std::string& folder) {
    const fs::path path = folder.empty() ? root_ : root_ / folder;
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return leave_out(folder, std::strerror(errno));
    if (!entered_.emplace(status.st_dev, status.st_ino).second) return found_.again.push_back(folder);
    if (!folder.empty()) found_.folders.push_back(folder);
    std::error_code error;
    fs::directory_iterator entry(path, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) take(*entry, folder);
    if (error) leave_out(folder, error.message());
  }

  void take(const fs::directory_entry& entry, const std::string& folder) {
    std::string name = entry.path().filename().string();
    if (name.starts_with('.')) return;
    std::string path = folder.empty() ? std::move(name) : folder + '/' + name;
    std::error_code error;
    if (entry.is_directory(error)) (entry.is_symlink(error) ? linked_ : folders_).insert(std::move(path));
    // A link to nothing, to itself or to a forbidden place is a file too: opening it reports the error.
    else if (entry.is_regular_file(error) || !entry.exists(error)) found_.files.push_back(std::move(path));
    else found_.others.push_back(std::move(path));
  }

  void leave_out(const std::string& folder, std::string reason) { found_.unread.push_back({folder, std::move(reason)}); }

  fs::path root_;
  FolderFiles found_;
  std::set<std::pair<dev_t, ino_t>> entered_;
  // To be entered, by name: which of two links to a folder is followed does not depend on the disk.
  std::set<std::string> folders_, linked_;
};

}  // namespace

FolderFiles walk_folder(const fs::path& root) { return Walk(root).run(); }

}  // namespace cudenza
