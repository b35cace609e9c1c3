/// cudenza doctor: what is wrong with a data set, file by file, before hours are spent on it.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/cli/progress.h"
#include "apps/study/data_totals.h"
#include "apps/verbs/verbs.h"
#include "engine/core/error.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostLines = 10;  // of one kind in the text; --json has all

struct Options {
  std::string data;
  double min_seconds = 1;
};

// JSON.

template <class Key> Json json_of(const std::map<Key, int>& counts) {
  Json json = Json::object();
  for (const auto& [key, count] : counts) json[fmt::format("{}", key)] = count;
  return json;
}

Json totals_json(const Dataset& data, const DataTotals& totals) {
  Json json = {{"bytes", totals.bytes}, {"formats", json_of(totals.formats)}};
  if (data.media == Media::pictures) {
    json["sizes"] = json_of(totals.sizes);
    return json;
  }
  json["seconds"] = totals.seconds;
  json["hours"] = totals.seconds / 3600;
  const auto& lengths = totals.lengths;
  json["shortest_seconds"] = lengths.empty() ? Json() : Json(lengths.front());
  json["median_seconds"] = lengths.empty() ? Json() : Json(lengths[lengths.size() / 2]);
  json["longest_seconds"] = lengths.empty() ? Json() : Json(lengths.back());
  json["sample_rates"] = json_of(totals.rates);
  json["channels"] = json_of(totals.channels);
  return json;
}

Json findings_json(const Diagnosis& diagnosis) {
  Json all = Json::array();
  for (const Finding& finding : diagnosis.findings)
    all.push_back({{"problem", name_of(finding.problem)}, {"file", finding.path}, {"reason", finding.reason}});
  return all;
}

Json duplicates_json(const Dataset& data, const Diagnosis& diagnosis) {
  Json all = Json::array();
  for (const Duplicates& one : diagnosis.duplicates) {
    Json files = Json::array();
    for (const int i : one.items) files.push_back(data.items[static_cast<size_t>(i)].path);
    all.push_back({{"likeness", name_of(one.likeness)},
                   {"files", files},
                   {"labels_differ", one.labels_differ},
                   {"shared_seconds", one.seconds > 0 ? Json(one.seconds) : Json()}});
  }
  return all;
}

void print_as_json(const Options& options, const Dataset& data, const Diagnosis& diagnosis) {
  Json classes = Json::array(), counts;
  const auto totals = class_totals(data, diagnosis);
  const std::optional<double> imbalance = imbalance_of(totals);
  for (size_t c = 0; c < totals.size(); ++c) {
    classes.push_back({{"name", data.classes[c]}, {"files", totals[c].files}, {"usable", totals[c].usable}});
    if (data.media == Media::sound) classes.back()["seconds"] = totals[c].seconds;
  }
  for (int p = 0; p < kProblems; ++p) counts[name_of(static_cast<Problem>(p))] = diagnosis.count(static_cast<Problem>(p));
  counts["duplicates"] = diagnosis.duplicates.size();
  const Json all = {{"data", options.data},
                    {"media", data.media == Media::sound ? "sound" : "pictures"},
                    {"ok", diagnosis.healthy()},
                    {"files", data.items.size()},
                    {"usable", diagnosis.usable()},
                    {"classes", classes},
                    {"imbalance", imbalance ? Json(*imbalance) : Json()},
                    {"totals", totals_json(data, totals_of(data, diagnosis))},
                    {"counts", counts},
                    {"problems", findings_json(diagnosis)},
                    {"duplicates", duplicates_json(data, diagnosis)},
                    {"notes", diagnosis.notes}};
  print_json(all);
}

// Text.

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

template <class Key> std::string text_of(const std::map<Key, int>& counts, std::string_view unit, std::string_view plural = "") {
  std::string text;
  for (const auto& [key, count] : counts) {
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", key, unit);
    if constexpr (std::is_integral_v<Key>) text += key == 1 ? "" : plural;
    if (counts.size() > 1) text += fmt::format(" ({})", count);
  }
  return text;
}

void print_totals(const Dataset& data, const Diagnosis& diagnosis) {
  const DataTotals totals = totals_of(data, diagnosis);
  const bool is_sound = data.media == Media::sound;
  print_out("{} {} in {} class{}, {} usable, {:.1f} MB", data.items.size(), is_sound ? "sounds" : "pictures", data.classes.size(),
            data.classes.size() == 1 ? "" : "es", diagnosis.usable(), static_cast<double>(totals.bytes) / 1e6);
  if (!is_sound) {
    print_out("\npixels       {}\n", text_of(totals.sizes, ""));
  } else if (!totals.lengths.empty()) {
    print_out(", {} h\nlength       {:.2f} to {:.2f} s, median {:.2f} s\n", clock_text(totals.seconds), totals.lengths.front(),
              totals.lengths.back(), totals.lengths[totals.lengths.size() / 2]);
    print_out("format       {}; {}; {}\n", text_of(totals.formats, ""), text_of(totals.rates, " Hz"),
              text_of(totals.channels, " channel", "s"));
  } else {
    print_out("\n");
  }
}

void print_classes(const Dataset& data, const Diagnosis& diagnosis) {
  const auto totals = class_totals(data, diagnosis);
  size_t width = 12;
  int most = 1;
  for (size_t c = 0; c < totals.size(); ++c)
    width = std::max(width, data.classes[c].size()), most = std::max(most, totals[c].usable);
  print_out("\n{:<{}} {:>7} {:>7}{}\n", "class", width, "files", "usable", data.media == Media::sound ? "     length" : "");
  for (size_t c = 0; c < totals.size(); ++c) {
    print_out("{:<{}} {:>7} {:>7}", data.classes[c], width, totals[c].files, totals[c].usable);
    if (data.media == Media::sound) print_out(" {:>10}", clock_text(totals[c].seconds));
    print_out("  {}\n", std::string(static_cast<size_t>(30 * totals[c].usable / most), '='));
  }
}

void print_findings(const Diagnosis& diagnosis) {
  const auto& all = diagnosis.findings;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin;
    while (end < all.size() && all[end].problem == all[begin].problem) ++end;
    std::string title(name_of(all[begin].problem));
    std::ranges::replace(title, '_', ' ');
    print_out("\n{}: {}\n", title, end - begin);
    for (size_t i = begin; i < std::min(end, begin + kMostLines); ++i) print_out("  {}  {}\n", all[i].path, all[i].reason);
    if (end - begin > kMostLines) print_out("  … and {} more (--json lists all)\n", end - begin - kMostLines);
    begin = end;
  }
}

std::string_view title_of(Likeness likeness) {
  switch (likeness) {
    case Likeness::bytes: return "the same file";
    case Likeness::samples: return "the same content in other files";
    case Likeness::sound: return "the same recording in another format, rate or level";
    case Likeness::excerpt: return "one is a part of the other";
    case Likeness::overlap: return "they share a stretch";
    case Likeness::name: return "the same name";
  }
  return "";
}

void print_duplicate(const Dataset& data, const Diagnosis& diagnosis, const Duplicates& one) {
  std::vector<int> items = one.items;
  const auto seconds = [&](int item) { return diagnosis.files[static_cast<size_t>(item)].seconds; };
  if (one.likeness == Likeness::excerpt) std::ranges::stable_sort(items, {}, seconds);  // the part, then what it is a part of
  const std::string_view between = one.likeness == Likeness::excerpt   ? " in "
                                   : one.likeness == Likeness::overlap ? " and "
                                                                       : " = ";
  std::string line;
  for (const int item : items) {
    if (!line.empty()) line += between;
    line += data.items[static_cast<size_t>(item)].path;
  }
  if (one.seconds > 0) line += fmt::format("  ({:.1f} s)", one.seconds);
  print_out("  {}{}\n", line, one.labels_differ ? "  under different labels!" : "");
}

void print_duplicates(const Dataset& data, const Diagnosis& diagnosis) {
  const auto& all = diagnosis.duplicates;
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin;
    while (end < all.size() && all[end].likeness == all[begin].likeness) ++end;
    print_out("\nduplicates, {}: {}\n", title_of(all[begin].likeness), end - begin);
    for (size_t i = begin; i < std::min(end, begin + kMostLines); ++i) print_duplicate(data, diagnosis, all[i]);
    if (end - begin > kMostLines) print_out("  … and {} more (--json lists all)\n", end - begin - kMostLines);
    begin = end;
  }
}

void run_doctor(const Options& options, const Common& common) {
  const Dataset data = open_dataset(options.data);
  Progress progress("files", static_cast<int64_t>(data.items.size()), common.quiet);
  const Diagnosis diagnosis = examine_dataset(data, {.min_seconds = options.min_seconds, .on_file = [&](size_t done, size_t) {
                                                       progress.show(static_cast<int64_t>(done));
                                                     }});
  progress.clear();
  if (common.json) {
    print_as_json(options, data, diagnosis);
  } else {
    print_totals(data, diagnosis);
    print_classes(data, diagnosis);
    print_findings(diagnosis);
    print_duplicates(data, diagnosis);
    if (!diagnosis.notes.empty()) print_out("\n");
    for (const std::string& note : diagnosis.notes) print_out("note: {}\n", note);
    if (diagnosis.healthy()) print_out("\nnothing is wrong\n");
  }
  if (!diagnosis.healthy()) throw DataError(fmt::format("{}: {}", options.data, verdict(data, diagnosis)));
}

}  // namespace

void add_doctor(CLI::App& program, const Common& common) {
  CLI::App* verb =
      program.add_subcommand("doctor", "Decodes every file of a data set and says what is wrong; exit code 3 if anything is");
  auto options = std::make_shared<Options>();
  verb->add_option("DATA", options->data, "folder with one sub-folder a class, or CSV path,label[,split]")->required();
  verb->add_option("--min-seconds", options->min_seconds, "shorter sounds are too short")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->callback([options, &common] { run_doctor(*options, common); });
}

}  // namespace cudenza
