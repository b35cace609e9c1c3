#include "engine/run/run_folder.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/io/own_files.h"
#include "engine/run/run_seal.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// A file of a run, or of a study made of runs, and its first bytes.
struct OwnFile {
  std::string_view name, begins;

  bool is(const fs::path& path) const { return beginning_of(path, begins.size()) == begins; }
};
constexpr OwnFile kFiles[] = {{"model_card.json", "{\n  \"format\": \"cudenza model card\""},
                              {"splits.csv", "file,label,split"},
                              {"history.csv", "epoch,train_loss,"},
                              {"steps.csv", "step,loss,"},
                              {"schedule.csv", "step,lr,"},
                              {"predictions.csv", "file,label,predicted,probability"},
                              {"confusion.csv", "actual\\predicted"},
                              {"lr_find.csv", "lr,loss,suggested"},
                              {kStressName, "condition,correct,count,"},
                              {"study.csv", "network,recipe,split,"},
                              {"report.html", kPageBegins},
                              {kSealName, kSealBegins}};
constexpr OwnFile kMistakes = {"mistakes.csv", "file,actual,predicted,"};
constexpr std::string_view kModels[] = {"best.h5", "last.h5"};
constexpr std::string_view kPlots[] = {"loss",        "accuracy", "schedule", "steps",   "recall",  "confusion",
                                       "reliability", "lr_find",  "study_1",  "study_2", "study_3", "study_4",
                                       "study_5",     "study_6",  "study_7",  "study_8", "study_9"};

bool is_model(const fs::path& path) { return is_hdf5_of(path, "cudenza"); }  // as engine/nn/checkpoint.cpp writes it

bool is_plot(const fs::path& path) {
  constexpr size_t kHead = 512;  // the part in which gnuplot names itself
  return beginning_of(path, kHead).find("GNUPLOT") != std::string::npos;
}

/// Names of evaluation pictures: digits and .png.
bool is_picture_name(std::string_view name) {
  return name.size() > 4 && name.ends_with(".png") && name.find_first_not_of("0123456789") == name.size() - 4;
}

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

/// Entries that are not hidden, sorted; empty if it is no folder.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!is_hidden(entry.path())) entries.push_back(entry.path());
  }
  std::ranges::sort(entries);
  return entries;
}

/// Checks a folder for the names of a run's files.
class OwnNames {
 public:
  explicit OwnNames(const fs::path& folder) : folder_(folder) {
    for (const OwnFile& file : kFiles) look(folder / file.name, [&](const fs::path& path) { return file.is(path); });
    if (is_folder(folder / "plots")) {
      for (const std::string_view name : kPlots) look(folder / "plots" / fmt::format("{}.svg", name), is_plot);
    }
    if (is_folder(folder / "mistakes")) look_at_mistakes(folder / "mistakes");
  }
  void look_at_models() {
    for (const std::string_view name : kModels) look(folder_ / name, is_model);
  }

  bool any() const { return any_; }                       ///< this program wrote here
  const fs::path& stranger() const { return stranger_; }  ///< a foreign file with one of the names, or empty
  void refuse(const fs::path& path) {
    if (stranger_.empty()) stranger_ = path;
  }

 private:
  template <class Is> void look(const fs::path& path, Is is) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (!fs::exists(status)) return;
    if (fs::is_regular_file(status) && is(path)) any_ = true;
    else refuse(path);
  }
  bool is_folder(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (fs::exists(status) && !fs::is_directory(status)) refuse(path);
    return fs::is_directory(status);
  }
  /// mistakes.csv marks the folder as ours and names its pictures. Without it all files there are foreign.
  void look_at_mistakes(const fs::path& mistakes) {
    look(mistakes / kMistakes.name, [&](const fs::path& path) { return kMistakes.is(path); });
    std::error_code error;
    const bool is_ours = fs::exists(mistakes / kMistakes.name, error) && stranger_.empty();
    const std::vector<Mistake> rows = is_ours ? read_mistakes(folder_) : std::vector<Mistake>();
    for (const fs::path& entry : entries_of(mistakes)) {
      const std::string name = entry.filename();
      const bool is_named = name == kMistakes.name || std::ranges::find(rows, name, &Mistake::picture) != rows.end();
      if (!is_named && (!is_ours || is_picture_name(name))) refuse(entry);
    }
  }

  const fs::path& folder_;
  bool any_ = false;
  fs::path stranger_;
};

/// Whether sub-folders hold runs, as `reproduce` makes them.
bool holds_runs(const fs::path& folder) {
  return std::ranges::any_of(entries_of(folder), [](const fs::path& entry) {
    return std::ranges::any_of(kFiles, [&](const OwnFile& file) { return file.is(entry / file.name); });
  });
}

/// A stranger's run must not fill the memory.
void check_size(const fs::path& path, uintmax_t most) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (!error && size > most)
    throw DataError(fmt::format("{}: has {} bytes; such a file of a run has {} at most", path.string(), size, most));
}

}  // namespace

void check_run_folder(std::string_view option, const fs::path& folder) {
  check_output_folder(option, folder);
  OwnNames names(folder);
  names.look_at_models();
  if (!names.any() && !holds_runs(folder)) {
    for (const fs::path& entry : entries_of(folder)) names.refuse(entry);
  }
  require(names.stranger().empty(), "{} {} holds {}, which this program did not write; choose another {}, or move that away",
          option, folder.string(), names.stranger().lexically_relative(folder).string(), option);
}

void check_run_folder(std::string_view option, const fs::path& folder, const fs::path& data) {
  check_outside(option, folder, data);
  check_run_folder(option, folder);
}

void check_report_folder(const fs::path& run) {
  constexpr uintmax_t kMostText = uintmax_t{1} << 30;
  OwnNames names(run);
  const fs::path config = run / "config.toml";
  std::error_code error;
  if (const fs::file_status status = fs::symlink_status(config, error); fs::exists(status) && !fs::is_regular_file(status))
    names.refuse(config);
  if (!names.stranger().empty()) {
    const bool is_link = fs::is_symlink(names.stranger(), error);
    if (!is_link) check_seal(run);  // where mistakes.csv is damaged, the pictures that it named look strange
    throw DataError(
        fmt::format("{}: {}; a report is made of what a run's own folder holds, and replaces that alone: move it away",
                    names.stranger().string(),
                    is_link ? fmt::format("is a link to {}", fs::read_symlink(names.stranger(), error).string())
                            : "was not written by this program"));
  }
  check_size(config, kMostText);
  check_size(run / "mistakes" / kMistakes.name, kMostText);
  for (const OwnFile& file : kFiles) check_size(run / file.name, kMostText);
}

fs::path mistake_picture(const fs::path& run, const Mistake& mistake) {
  constexpr uintmax_t kMostBytes = uintmax_t{1} << 24;
  if (mistake.picture.empty()) return {};
  const fs::path path = run / "mistakes" / mistake.picture;
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (is_picture_name(mistake.picture) && !fs::exists(status)) return {};
  if (!is_picture_name(mistake.picture) || !fs::is_regular_file(status))
    throw DataError(
        fmt::format("{}: mistakes.csv names it, but it is no file of that folder; take it out of the list", path.string()));
  check_size(path, kMostBytes);
  return path;
}

void remove_mistake_pictures(const fs::path& run) {
  std::vector<Mistake> earlier;
  try {
    earlier = read_mistakes(run);
  } catch (const DataError&) {  // a damaged list names nothing
  }
  for (const Mistake& mistake : earlier) {
    const fs::path path = run / "mistakes" / mistake.picture;
    std::error_code error;
    if (is_picture_name(mistake.picture) && fs::is_regular_file(fs::symlink_status(path, error)) && !fs::remove(path, error) &&
        error)
      throw DataError(fmt::format("{}: cannot be removed: {}", path.string(), error.message()));
  }
}

}  // namespace cudenza
