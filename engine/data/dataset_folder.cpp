#include "engine/data/dataset_folder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/data/dataset_parts.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// "a" of "a/b/c".
std::string first_of(std::string_view path) { return std::string(path.substr(0, path.find('/'))); }

/// "b/c" of "a/b/c"; empty if nothing follows.
std::string_view below_first(std::string_view path) {
  const size_t slash = path.find('/');
  return slash == path.npos ? "" : path.substr(slash + 1);
}

bool is_in(std::string_view path, const std::string& folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

class FolderReader {
 public:
  explicit FolderReader(const fs::path& root) : all_(walk_folder(root)) { data_.root = root; }

  Dataset run() {
    find_parts();
    for (const std::string& file : all_.files) take(file);
    for (const std::string& file : all_.others) pass_over(other_, file);
    if (found_.empty()) refuse();
    find_odd_folders();
    remark();
    data_.unread_folders = std::move(all_.unread);
    fill_dataset(data_, std::move(found_), data_.root.string());
    remark_on_depth();
    return std::move(data_);
  }

 private:
  struct PassedOver {
    int count = 0;
    std::string example;
  };
  static void pass_over(PassedOver& kind, const std::string& path) {
    ++kind.count;
    kind.example = path;
  }

  /// Decides whether the top folders are splits with class folders in them: train contains folders with files, and there is
  /// another split.
  void find_parts() {
    bool has_train = false;
    for (const std::string& file : all_.files) {
      const std::string folder = first_of(file);
      const auto split = split_named(folder);
      if (!split || split->empty() || folder.size() == file.size() || !media_of(file)) continue;
      parts_[folder] = *split;
      has_train |= *split == "train" && !below_first(below_first(file)).empty();
    }
    const bool has_other = std::ranges::any_of(parts_, [](const auto& part) { return part.second != "train"; });
    if (!has_train || !has_other) parts_.clear();
    data_.has_split = !parts_.empty();
  }

  /// The path relative to the folder of the classes.
  std::string_view from_classes(std::string_view path) const { return parts_.empty() ? path : below_first(path); }

  void take(const std::string& file) {
    if (!media_of(file)) return pass_over(other_, file);
    const std::string top = first_of(file);
    const std::string_view rest = from_classes(file);
    if (!parts_.empty() && top.size() != file.size() && !parts_.contains(top)) return pass_over(beside_, file);
    if (below_first(rest).empty()) return pass_over(outside_, file);
    class_folders_.insert(file.substr(0, file.size() - below_first(rest).size() - 1));
    found_.push_back({file, first_of(rest), parts_.empty() ? "" : parts_.at(top), "", file});
  }

  [[noreturn]] void refuse() const {
    const std::string root = data_.root.string();
    if (outside_.count > 0)
      throw DataError(
          fmt::format("{}: holds {} sounds or pictures (as {}), but no class folders; put each file in a folder named "
                      "by its class, or list them in a CSV with the columns path,label",
                      root, outside_.count, outside_.example));
    std::string unread;
    if (!all_.unread.empty()) unread = fmt::format(" that can be read ({}: {})", all_.unread[0].path, all_.unread[0].reason);
    throw DataError(fmt::format("{}: holds no wav, au, flac, ogg, mp3 or png files{}; {}", root, unread, kDatasetRemedy));
  }

  /// Class folders without files, and folders named like files.
  void find_odd_folders() {
    for (const std::string& folder : all_.folders) {
      if (media_of(folder)) data_.misnamed_folders.push_back(folder);
      const std::string_view rest = from_classes(folder);
      const bool is_of_class =
          !rest.empty() && below_first(rest).empty() && (parts_.empty() || parts_.contains(first_of(folder)));
      const auto lies_in = [&](const std::string& path) { return path == folder || is_in(path, folder); };
      if (is_of_class && !class_folders_.contains(folder) && std::ranges::none_of(all_.unread, lies_in, &UnreadFolder::path))
        data_.empty_folders.push_back(folder);
    }
  }

  void remark() {
    const auto passed_over = [&](const PassedOver& files, std::string_view kind, std::string_view where) {
      if (files.count > 0)
        data_.remarks.push_back(fmt::format("{} {}file{}{} {} passed over (as {})", files.count, kind,
                                            files.count == 1 ? "" : "s", where, files.count == 1 ? "is" : "are", files.example));
    };
    if (!parts_.empty()) {
      std::vector<std::string> names;
      for (const auto& [folder, split] : parts_) names.push_back(folder);
      data_.remarks.push_back(
          fmt::format("{} are taken for the parts of a split, and the folders in them for classes", fmt::join(names, ", ")));
    }
    passed_over(other_, "other ", "");
    passed_over(outside_, "", " outside class folders");
    passed_over(beside_, "", " beside the parts of the split");
    if (!all_.again.empty())
      data_.remarks.push_back(fmt::format("{} link{} to folders that are read already {} passed over (as {})", all_.again.size(),
                                          all_.again.size() == 1 ? "" : "s", all_.again.size() == 1 ? "is" : "are",
                                          all_.again[0]));
    for (const std::string& name : data_.empty_folders)
      data_.remarks.push_back(fmt::format("{}: no sounds or pictures in it: not a class", name));
    for (const std::string& name : data_.misnamed_folders)
      data_.remarks.push_back(fmt::format("{}: a folder, though it is named as a file", name));
  }

  /// The user gave the parent folder: its only sub-folder holds the classes.
  void remark_on_depth() {
    if (!parts_.empty() || data_.classes.size() != 1) return;
    const auto nested = [](const Item& item) { return std::ranges::count(item.path, '/') >= 2; };
    if (std::ranges::all_of(data_.items, nested))
      data_.remarks.push_back(fmt::format("{0} is the one class, and its files lie in sub-folders; did you mean {1}?",
                                          data_.classes[0], (data_.root / data_.classes[0]).string()));
  }

  FolderFiles all_;
  Dataset data_;
  std::vector<Candidate> found_;
  std::set<std::string> class_folders_;       // with files
  std::map<std::string, std::string> parts_;  // top folders and the split of each; empty if they are classes
  PassedOver other_, outside_, beside_;
};

}  // namespace

Dataset dataset_from_folder(const fs::path& root) { return FolderReader(root).run(); }

}  // namespace cudenza
