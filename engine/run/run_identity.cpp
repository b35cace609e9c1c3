#include "engine/run/run_identity.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "engine/core/content_hash.h"
#include "engine/core/error.h"
#include "engine/data/csv.h"
#include "kernels/common/parallel_each.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kGroup = "run", kContentHash = "xxh3";

// Lists are stored as CSV texts: a list attribute holds at most 64 KiB, a text any length.

std::string text_of_files(const std::vector<RunFile>& files) {
  std::string text = csv_line({"path", "label", "part", "content", "clips"});
  for (const RunFile& f : files) text += csv_line({f.path, f.label, f.part, f.content, fmt::format("{}", f.clips)});
  return text;
}

std::vector<RunFile> files_of_text(const std::string& text, const fs::path& path) {
  std::vector<RunFile> files;
  for (const CsvRow& row : parse_csv(text, path)) {
    RunFile file;
    const auto fail = [&] { throw DataError(fmt::format("{}: its list of files cannot be read", path.string())); };
    if (row.fields.size() != 5) fail();
    if (row.line == 1) continue;  // column names
    const std::string& clips = row.fields[4];
    const auto [end, error] = std::from_chars(clips.data(), clips.data() + clips.size(), file.clips);
    if (error != std::errc() || end != clips.data() + clips.size()) fail();
    file.path = row.fields[0], file.label = row.fields[1], file.part = row.fields[2], file.content = row.fields[3];
    files.push_back(std::move(file));
  }
  return files;
}

std::string difference_of_classes(const std::vector<std::string>& run, const std::vector<std::string>& now) {
  std::vector<std::string> gone, added;
  std::ranges::set_difference(run, now, std::back_inserter(gone));
  std::ranges::set_difference(now, run, std::back_inserter(added));
  if (gone.size() == 1 && added.size() == 1) return fmt::format("the class '{}' is now '{}'", gone[0], added[0]);
  if (!gone.empty()) return fmt::format("the class '{}' is gone", gone[0]);
  if (!added.empty()) return fmt::format("the class '{}' is new", added[0]);
  return {};
}

std::string difference_of_file(const RunFile& run, const RunFile& now) {
  if (run.label != now.label) return fmt::format("{} was '{}' and is now '{}'", run.path, run.label, now.label);
  if (run.content.empty() != now.content.empty())
    return fmt::format("{} can{} be read now", run.path, now.content.empty() ? "not" : "");
  if (run.content != now.content) return fmt::format("{} does not hold what it held", run.path);
  if (run.clips >= 0 && now.clips >= 0 && run.clips != now.clips)
    return fmt::format("{} gave {} clips and gives {} now", run.path, run.clips, now.clips);
  return {};
}

/// All differences between two lists sorted by path. Changed splits come last: they may follow from missing or new files.
std::vector<std::string> differences_of_files(const std::vector<RunFile>& run, const std::vector<RunFile>& now) {
  std::vector<std::string> all, moved;
  auto a = run.begin();
  auto b = now.begin();
  while (a != run.end() || b != now.end()) {
    if (b == now.end() || (a != run.end() && a->path < b->path)) {
      all.push_back(fmt::format("{} is gone", (a++)->path));
    } else if (a == run.end() || b->path < a->path) {
      all.push_back(fmt::format("{} is new", (b++)->path));
    } else {
      if (std::string one = difference_of_file(*a, *b); !one.empty()) all.push_back(std::move(one));
      else if (a->part != b->part) moved.push_back(fmt::format("{} was in '{}' and is now in '{}'", a->path, a->part, b->part));
      ++a, ++b;
    }
  }
  all.insert(all.end(), moved.begin(), moved.end());
  return all;
}

std::string content_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  try {
    return hash_of_file(path).text();
  } catch (const DataError&) {
    return {};  // the decoder reports the reason
  }
}

}  // namespace

void write_identity(Hdf5File& file, const RunIdentity& run) {
  file.set_attribute(kGroup, "data", run.data);
  file.set_attribute(kGroup, "options", run.options);
  std::string classes;
  for (const std::string& name : run.classes) classes += csv_line({name});
  file.set_attribute(kGroup, "classes", classes);
  file.set_attribute(kGroup, "files", text_of_files(run.files));
  if (run.valid_is_drawn) file.set_attribute(kGroup, "valid_is_drawn", int64_t{*run.valid_is_drawn});
  file.set_attribute(kGroup, "content_hash", std::string(kContentHash));
}

std::optional<RunIdentity> read_identity(const Hdf5File& file) {
  if (!file.contains(kGroup) || !file.has_attribute(kGroup, "content_hash")) return std::nullopt;
  const auto text = [&](std::string_view name) { return file.attribute<std::string>(kGroup, name); };
  RunIdentity run{.data = text("data"), .options = text("options"), .classes = {}, .files = {}};
  for (const CsvRow& row : parse_csv(text("classes"), file.path())) run.classes.push_back(row.fields.at(0));
  if (file.has_attribute(kGroup, "valid_is_drawn")) run.valid_is_drawn = file.attribute<int64_t>(kGroup, "valid_is_drawn") != 0;
  run.files = files_of_text(text("files"), file.path());
  return run;
}

std::string difference(const RunIdentity& run, const RunIdentity& now) {
  const std::string of_classes = difference_of_classes(run.classes, now.classes);
  if (!of_classes.empty()) return of_classes;
  const std::vector<std::string> all = differences_of_files(run.files, now.files);
  if (all.empty()) return {};
  return all.size() == 1 ? all[0] : fmt::format("{} (the first of {} differences)", all[0], all.size());
}

std::vector<std::string> contents_of(std::span<const fs::path> files, int threads) {
  std::vector<std::string> contents(files.size());
  const auto read = [&](int64_t i) { contents[static_cast<size_t>(i)] = content_of(files[static_cast<size_t>(i)]); };
  kernels::parallel_each(std::ssize(files), read, threads);
  return contents;
}

}  // namespace cudenza
