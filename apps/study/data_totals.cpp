#include "apps/study/data_totals.h"

#include <fmt/format.h>

#include <algorithm>

namespace cudenza {

DataTotals totals_of(const Dataset& data, const Diagnosis& diagnosis) {
  DataTotals totals;
  for (const FileFacts& file : diagnosis.files) {
    totals.bytes += file.bytes;
    if (!file.usable) continue;
    ++totals.formats[file.format];
    if (data.media == Media::pictures) {
      ++totals.sizes[fmt::format("{}x{}", file.width, file.height)];
      continue;
    }
    totals.seconds += file.seconds;
    totals.lengths.push_back(file.seconds);
    ++totals.rates[file.sample_rate];
    ++totals.channels[file.channels];
  }
  std::ranges::sort(totals.lengths);
  return totals;
}

std::vector<ClassTotals> class_totals(const Dataset& data, const Diagnosis& diagnosis) {
  std::vector<ClassTotals> all(data.classes.size());
  for (size_t i = 0; i < data.items.size(); ++i) {
    ClassTotals& one = all[static_cast<size_t>(data.items[i].label)];
    const FileFacts& file = diagnosis.files[i];
    ++one.files;
    one.usable += file.usable;
    one.seconds += file.usable ? file.seconds : 0;
  }
  return all;
}

std::optional<double> imbalance_of(std::span<const ClassTotals> classes) {
  const auto [least, most] = std::ranges::minmax_element(classes, {}, &ClassTotals::usable);
  if (least->usable == 0) return std::nullopt;
  return static_cast<double>(most->usable) / least->usable;
}

std::string verdict(const Dataset& data, const Diagnosis& diagnosis) {
  const size_t unusable = data.items.size() - static_cast<size_t>(diagnosis.usable());
  const auto suspect =
      static_cast<size_t>(std::ranges::count_if(diagnosis.findings, [](const Finding& f) { return !is_fatal(f.problem); }));
  std::string text;
  const auto add = [&](size_t count, const std::string& what) {
    if (count > 0) text += (text.empty() ? "" : ", ") + what;
  };
  add(unusable, fmt::format("{} of {} files cannot be used", unusable, data.items.size()));
  const size_t unread = data.unread_folders.size();
  add(unread, fmt::format("{} folder{} cannot be read", unread, unread == 1 ? "" : "s"));
  add(suspect, fmt::format("{} {} suspect", suspect, suspect == 1 ? "finding is" : "findings are"));
  add(diagnosis.duplicates.size(),
      fmt::format("{} {}", diagnosis.duplicates.size(), diagnosis.duplicates.size() == 1 ? "duplicate" : "duplicates"));
  return text;
}

}  // namespace cudenza
