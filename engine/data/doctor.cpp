#include "engine/data/doctor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>

#include "engine/core/error.h"
#include "engine/data/duplicates.h"
#include "engine/data/examination.h"
#include "kernels/common/parallel_each.h"

namespace cudenza {
namespace {

constexpr std::array<std::string_view, kProblems> kProblemNames = {
    "missing",      "unreadable", "empty",           "corrupt",         "truncated",  "not_finite",
    "silent",       "too_short",  "too_long",        "clipped",         "unheard",    "odd_rate",
    "odd_channels", "odd_size",   "wrong_extension", "misnamed_folder", "empty_class"};
constexpr double kLongSeconds = 600;
constexpr std::array<std::string_view, 6> kLikenessNames = {"bytes", "samples", "sound", "excerpt", "overlap", "name"};

/// The value that nine in ten of the usable files share; nullopt if there is none.
template <class Key> auto usual(const Dataset& data, const std::vector<FileFacts>& files, Key&& key) {
  std::map<decltype(key(files[0])), int> counts;
  int all = 0;
  for (size_t i = 0; i < data.items.size(); ++i) {
    if (!files[i].usable) continue;
    ++counts[key(files[i])];
    ++all;
  }
  using Value = decltype(key(files[0]));
  for (const auto& [value, count] : counts) {
    if (10 * count >= 9 * all) return std::optional<Value>(value);
  }
  return std::optional<Value>();
}

double median_seconds(const std::vector<FileFacts>& files) {
  std::vector<double> seconds;
  for (const FileFacts& file : files) {
    if (file.usable) seconds.push_back(file.seconds);
  }
  if (seconds.empty()) return 0;
  const auto middle = seconds.begin() + static_cast<ptrdiff_t>(seconds.size() / 2);
  std::ranges::nth_element(seconds, middle);
  return *middle;
}

/// Findings about a sound that need comparison with the others.
class SoundComparison {
 public:
  SoundComparison(const Dataset& data, const std::vector<FileFacts>& files, const DoctorOptions& options)
      : rate_(usual(data, files, [](const FileFacts& file) { return file.sample_rate; })),
        channels_(usual(data, files, [](const FileFacts& file) { return file.channels; })),
        median_(median_seconds(files)),
        least_(std::max(options.min_seconds, median_ / 10)) {}

  void compare(const std::string& path, const FileFacts& file, std::vector<Finding>& findings) const {
    const auto find = [&](Problem problem, std::string reason) { findings.push_back({problem, path, std::move(reason)}); };
    if (file.seconds < least_)
      find(Problem::too_short, fmt::format("lasts {:.2f} s; the median is {:.2f} s", file.seconds, median_));
    if (file.seconds >= kLongSeconds && file.seconds > 20 * median_)
      find(Problem::too_long, fmt::format("lasts {:.2f} h; the median is {:.2f} s", file.seconds / 3600, median_));
    const bool is_extreme = file.sample_rate < 11025 || file.sample_rate > 96000;
    if (is_extreme || (rate_ && file.sample_rate != *rate_))
      find(Problem::odd_rate, fmt::format("has {} Hz{}", file.sample_rate, others(rate_, file.sample_rate, " Hz")));
    if (file.channels > 2 || (channels_ && file.channels != *channels_))
      find(Problem::odd_channels,
           fmt::format("has {} channel{}{}", file.channels, file.channels == 1 ? "" : "s", others(channels_, file.channels, "")));
  }

 private:
  static std::string others(const std::optional<int>& usual, int own, std::string_view unit) {
    return usual && *usual != own ? fmt::format("; the others have {}{}", *usual, unit) : "";
  }

  std::optional<int> rate_, channels_;
  double median_, least_;
};

void compare_sounds(const Dataset& data, const DoctorOptions& options, Diagnosis& diagnosis) {
  const SoundComparison comparison(data, diagnosis.files, options);
  for (size_t i = 0; i < data.items.size(); ++i) {
    if (diagnosis.files[i].usable) comparison.compare(data.items[i].path, diagnosis.files[i], diagnosis.findings);
  }
}

void compare_pictures(const Dataset& data, Diagnosis& diagnosis) {
  const auto size = usual(data, diagnosis.files, [](const FileFacts& file) { return std::pair(file.height, file.width); });
  for (size_t i = 0; size && i < data.items.size(); ++i) {
    const FileFacts& file = diagnosis.files[i];
    if (file.usable && std::pair(file.height, file.width) != *size)
      diagnosis.findings.push_back(
          {Problem::odd_size, data.items[i].path,
           fmt::format("is {} x {} pixels; the others are {} x {}", file.width, file.height, size->second, size->first)});
  }
}

/// Remarks from opening the data set, without the folders that are findings here.
std::vector<std::string> plain_remarks(const Dataset& data) {
  std::vector<std::string> remarks;
  const auto is_about = [](const std::string& remark) {
    return [&remark](const std::string& folder) { return remark.starts_with(folder + ": "); };
  };
  for (const std::string& remark : data.remarks) {
    if (std::ranges::none_of(data.empty_folders, is_about(remark)) &&
        std::ranges::none_of(data.misnamed_folders, is_about(remark)))
      remarks.push_back(remark);
  }
  return remarks;
}

void note_imbalance(const Dataset& data, Diagnosis& diagnosis) {
  std::vector<int> usable(data.classes.size());
  for (size_t i = 0; i < data.items.size(); ++i) usable[static_cast<size_t>(data.items[i].label)] += diagnosis.files[i].usable;
  const auto [least, most] = std::ranges::minmax_element(usable);
  if (*most > 2 * *least)
    diagnosis.notes.push_back(fmt::format("classes are of unequal size: {} has {} usable files, {} has {}",
                                          data.classes[static_cast<size_t>(most - usable.begin())], *most,
                                          data.classes[static_cast<size_t>(least - usable.begin())], *least));
  if (data.classes.size() == 1) diagnosis.notes.push_back(fmt::format("there is but one class: {}", data.classes[0]));
}

}  // namespace

std::string_view name_of(Problem problem) { return kProblemNames[static_cast<size_t>(problem)]; }
std::string_view name_of(Likeness likeness) { return kLikenessNames[static_cast<size_t>(likeness)]; }
bool is_fatal(Problem problem) { return problem <= Problem::not_finite; }

int Diagnosis::count(Problem problem) const { return static_cast<int>(std::ranges::count(findings, problem, &Finding::problem)); }

int Diagnosis::usable() const { return static_cast<int>(std::ranges::count(files, true, &FileFacts::usable)); }

Diagnosis examine_dataset(const Dataset& data, const DoctorOptions& options) {
  Diagnosis diagnosis;
  diagnosis.notes = plain_remarks(data);
  std::vector<Examination> all(data.items.size());
  std::mutex mutex;  // guards done and on_file
  size_t done = 0;
  kernels::parallel_each(static_cast<int64_t>(all.size()), [&](int64_t at) {
    const auto i = static_cast<size_t>(at);
    all[i] = examine_file(data.media, data.path_of(data.items[i]));
    const std::lock_guard lock(mutex);
    ++done;
    if (options.on_file) options.on_file(done, all.size());
  });
  for (size_t i = 0; i < all.size(); ++i) {
    diagnosis.files.push_back(all[i].facts);
    for (const auto& [problem, reason] : all[i].problems) diagnosis.findings.push_back({problem, data.items[i].path, reason});
  }
  if (data.media == Media::sound) compare_sounds(data, options, diagnosis);
  else compare_pictures(data, diagnosis);
  for (const std::string& folder : data.misnamed_folders)
    diagnosis.findings.push_back({Problem::misnamed_folder, folder, "is a folder, though it is named as a file"});
  for (const UnreadFolder& folder : data.unread_folders)
    diagnosis.findings.push_back(
        {Problem::unreadable, folder.path, fmt::format("is a folder that cannot be read: {}", folder.reason)});
  for (const std::string& folder : data.empty_folders)
    diagnosis.findings.push_back({Problem::empty_class, folder, "holds no sounds or pictures"});
  std::ranges::stable_sort(diagnosis.findings, [](const Finding& a, const Finding& b) {
    return std::tie(a.problem, a.path) < std::tie(b.problem, b.path);
  });
  diagnosis.duplicates = find_duplicates(data, all);
  note_imbalance(data, diagnosis);
  return diagnosis;
}

}  // namespace cudenza
