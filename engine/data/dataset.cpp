#include "engine/data/dataset.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/data/csv.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kRemedy = "give a folder with one sub-folder a class, or a CSV with the columns path,label[,split]";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// A file that may become an item, and where it was named.
struct Candidate {
  std::string path, label, split, source;
};

/// The items, classes and kind of files that were found. `what` names the data set in errors.
void fill(Dataset& data, std::vector<Candidate> found, const std::string& what) {
  std::ranges::sort(found, {}, &Candidate::path);
  std::set<std::string> labels;
  const Candidate* examples[2] = {};
  for (const Candidate& one : found) {
    labels.insert(one.label);
    const Candidate*& example = examples[static_cast<size_t>(*media_of(one.path))];
    if (!example) example = &one;
  }
  if (examples[0] && examples[1]) {
    throw DataError(
        fmt::format("{}: holds sounds ({}) and pictures ({}), but a data set is of one kind; keep them in two folders", what,
                    examples[0]->source, examples[1]->source));
  }
  data.media = examples[0] ? Media::sound : Media::pictures;
  data.classes.assign(labels.begin(), labels.end());
  for (Candidate& one : found) {
    const auto label = std::ranges::lower_bound(data.classes, one.label) - data.classes.begin();
    data.items.push_back({std::move(one.path), static_cast<int>(label), std::move(one.split)});
  }
}

/// Walks a folder of classes.
class FolderScan {
 public:
  explicit FolderScan(const fs::path& root) : root_(root) {}

  Dataset run() {
    Dataset data;
    data.root = root_;
    scan(root_, "", 0);
    if (found_.empty() && outside_ > 0) {
      throw DataError(
          fmt::format("{}: holds {} sounds or pictures (as {}), but no class folders; put each file in a folder named by "
                      "its class, or list them in a CSV with the columns path,label",
                      root_.string(), outside_, outside_example_));
    }
    if (found_.empty())
      throw DataError(fmt::format("{}: holds no wav, au, flac, ogg, mp3 or png files; {}", root_.string(), kRemedy));
    remark(data);
    data.empty_folders = empty_;
    data.misnamed_folders = misnamed_;
    fill(data, std::move(found_), root_.string());
    remark_on_depth(data);
    return data;
  }

 private:
  std::string relative(const fs::path& path) const { return path.lexically_relative(root_).generic_string(); }

  std::vector<fs::directory_entry> entries_of(const fs::path& folder) const {
    std::vector<fs::directory_entry> entries;
    try {
      for (const fs::directory_entry& entry : fs::directory_iterator(folder)) entries.push_back(entry);
    } catch (const fs::filesystem_error& e) {
      throw DataError(fmt::format("{}: the folder cannot be read: {}", folder.string(), e.code().message()));
    }
    std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path(); });
    return entries;
  }

  /// `label` is empty in the root.
  void scan(const fs::path& folder, const std::string& label, int depth) {
    std::error_code error;
    // A link may lead back to where it lies.
    if (!visited_.insert(fs::canonical(folder, error)).second) return;
    const size_t before = found_.size();
    for (const fs::directory_entry& entry : entries_of(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      if (entry.is_directory(error)) {
        if (media_of(name)) misnamed_.push_back(relative(entry.path()));
        scan(entry.path(), depth == 0 ? name : label, depth + 1);
      } else {
        take(entry, label);
      }
    }
    if (depth == 1 && found_.size() == before) empty_.push_back(label);
  }

  void take(const fs::directory_entry& entry, const std::string& label) {
    std::error_code error;
    const fs::file_status status = entry.status(error);
    // A link that leads nowhere is kept: whoever opens it can say so.
    const bool is_file = fs::is_regular_file(status) || (entry.is_symlink(error) && !fs::exists(status));
    if (!is_file || !media_of(entry.path())) {
      ++ignored_;
      ignored_example_ = relative(entry.path());
    } else if (label.empty()) {
      ++outside_;
      outside_example_ = relative(entry.path());
    } else {
      found_.push_back({relative(entry.path()), label, "", relative(entry.path())});
    }
  }

  void remark(Dataset& data) const {
    const auto passed_over = [&](int count, std::string_view kind, std::string_view where, const std::string& example) {
      if (count > 0)
        data.remarks.push_back(fmt::format("{} {}file{}{} {} passed over (as {})", count, kind, count == 1 ? "" : "s", where,
                                           count == 1 ? "is" : "are", example));
    };
    passed_over(ignored_, "other ", "", ignored_example_);
    passed_over(outside_, "", " outside class folders", outside_example_);
    for (const std::string& name : empty_)
      data.remarks.push_back(fmt::format("{}: no sounds or pictures in it: not a class", name));
    for (const std::string& name : misnamed_)
      data.remarks.push_back(fmt::format("{}: a folder, though it is named as a file", name));
  }

  /// A folder too high was given: its one sub-folder holds the classes.
  static void remark_on_depth(Dataset& data) {
    if (data.classes.size() != 1) return;
    const auto nested = [](const Item& item) { return std::ranges::count(item.path, '/') >= 2; };
    if (std::ranges::all_of(data.items, nested))
      data.remarks.push_back(fmt::format("{0} is the one class, and its files lie in sub-folders; did you mean {1}?",
                                         data.classes[0], (data.root / data.classes[0]).string()));
  }

  fs::path root_;
  std::vector<Candidate> found_;
  std::set<fs::path> visited_;
  int ignored_ = 0, outside_ = 0;
  std::string ignored_example_, outside_example_;
  std::vector<std::string> empty_, misnamed_;
};

/// Where the columns of a CSV are.
struct Columns {
  size_t path, label, split;
  bool has_split;
};

Columns columns_of(const CsvRow& header, const std::string& file) {
  const auto find = [&](std::string_view name) {
    return static_cast<size_t>(std::ranges::find(header.fields, name, lower) - header.fields.begin());
  };
  const size_t none = header.fields.size();
  const Columns columns{find("path"), find("label"), find("split"), find("split") != none};
  if (columns.path != none && columns.label != none) return columns;
  std::string line = csv_line(header.fields);
  line.pop_back();
  throw DataError(fmt::format("{}:{}: the first line is '{}', but must name the columns: path,label or path,label,split", file,
                              header.line, line));
}

std::string split_named(const std::string& text, const std::string& where) {
  static const std::map<std::string, std::string> names = {{"", ""},           {"train", "train"},   {"training", "train"},
                                                           {"valid", "valid"}, {"val", "valid"},     {"validation", "valid"},
                                                           {"test", "test"},   {"validate", "valid"}};
  const auto found = names.find(lower(text));
  if (found == names.end())
    throw DataError(fmt::format("{}: split '{}' is none; write train, valid, test or nothing", where, text));
  return found->second;
}

Candidate candidate_of(const CsvRow& row, const Columns& columns, size_t width, const std::string& file) {
  const std::string where = fmt::format("{}:{}", file, row.line);
  if (row.fields.size() != width)
    throw DataError(
        fmt::format("{}: {} fields, but the first line has {}; quote what holds a comma", where, row.fields.size(), width));
  const std::string &path = row.fields[columns.path], &label = row.fields[columns.label];
  if (path.empty()) throw DataError(fmt::format("{}: the path is empty", where));
  if (label.empty()) throw DataError(fmt::format("{}: '{}' has no label", where, path));
  if (!media_of(path))
    throw DataError(
        fmt::format("{}: '{}' is neither a sound (wav, au, flac, ogg, mp3) nor a picture (png) by its name", where, path));
  return {fs::path(path).lexically_normal().generic_string(), label,
          columns.has_split ? split_named(row.fields[columns.split], where) : "", fmt::format("line {}, {}", row.line, path)};
}

void refuse_repeats(const std::vector<Candidate>& found, const std::string& file) {
  std::map<std::string, const Candidate*> seen;
  for (const Candidate& one : found) {
    const auto [before, is_new] = seen.emplace(one.path, &one);
    if (!is_new)
      throw DataError(
          fmt::format("{}: names a file twice ({}; {}); leave one line out", file, before->second->source, one.source));
  }
}

Dataset from_csv(const fs::path& path) {
  const std::string file = path.string();
  const std::vector<CsvRow> rows = read_csv(path);
  if (rows.size() < 2)
    throw DataError(fmt::format("{}: has no items; write path,label in the first line and one file in each further", file));
  const Columns columns = columns_of(rows[0], file);
  std::vector<Candidate> found;
  for (size_t i = 1; i < rows.size(); ++i) found.push_back(candidate_of(rows[i], columns, rows[0].fields.size(), file));
  refuse_repeats(found, file);
  Dataset data;
  data.root = path.has_parent_path() ? path.parent_path() : fs::path(".");
  data.has_split_column = columns.has_split;
  const std::string first = (data.root / found[0].path).string();
  fill(data, std::move(found), file);
  const auto is_there = [&](const Item& item) { return fs::exists(data.path_of(item)); };
  if (std::ranges::none_of(data.items, is_there))
    throw DataError(fmt::format("{}: none of its {} files is there (first: {}); paths are relative to the CSV's folder", file,
                                data.items.size(), first));
  return data;
}

}  // namespace

std::optional<Media> media_of(const fs::path& path) {
  constexpr std::array<std::string_view, 5> kSounds = {".wav", ".au", ".flac", ".ogg", ".mp3"};
  const std::string extension = lower(path.extension().string());
  if (std::ranges::find(kSounds, extension) != kSounds.end()) return Media::sound;
  if (extension == ".png") return Media::pictures;
  return std::nullopt;
}

Dataset open_dataset(const fs::path& data) {
  std::error_code error;
  if (fs::is_directory(data, error)) return FolderScan(data).run();
  if (!fs::exists(data, error)) throw DataError(fmt::format("{}: there is no such folder or file; {}", data.string(), kRemedy));
  if (lower(data.extension().string()) == ".csv") return from_csv(data);
  throw DataError(fmt::format("{}: is neither a folder nor a CSV; {}", data.string(), kRemedy));
}

}  // namespace cudenza
