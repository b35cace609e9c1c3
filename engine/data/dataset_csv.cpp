#include "engine/data/dataset_csv.h"

#include <algorithm>
#include <map>

#include "engine/core/error.h"
#include "engine/data/csv.h"
#include "engine/data/dataset_parts.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const size_t begin = text.find_first_not_of(kBlanks);
  return begin == text.npos ? "" : std::string(text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin));
}

/// Where the columns of a CSV are.
struct Columns {
  size_t path, label;
  std::optional<size_t> split, track;
};

Columns columns_of(const CsvRow& header, const std::string& file) {
  const auto find = [&](std::string_view name) -> std::optional<size_t> {
    for (size_t i = 0; i < header.fields.size(); ++i) {
      if (in_lower_case(trimmed(header.fields[i])) == name) return i;
    }
    return std::nullopt;
  };
  const auto path = find("path"), label = find("label");
  if (path && label) return {*path, *label, find("split"), find("track")};
  std::string line = csv_line(header.fields);
  line.pop_back();
  throw DataError(fmt::format("{}:{}: the first line is '{}', but must name the columns: path,label or path,label,split", file,
                              header.line, line));
}

Candidate candidate_of(const CsvRow& row, const Columns& columns, size_t width, const std::string& file) {
  const std::string where = fmt::format("{}:{}", file, row.line);
  if (row.fields.size() != width)
    throw DataError(
        fmt::format("{}: {} fields, but the first line has {}; quote what holds a comma", where, row.fields.size(), width));
  const auto field = [&](std::optional<size_t> column) { return column ? row.fields[*column] : ""; };
  const std::string path = field(columns.path), label = field(columns.label);
  if (path.empty()) throw DataError(fmt::format("{}: the path is empty", where));
  if (trimmed(label).empty()) throw DataError(fmt::format("{}: '{}' has no label", where, path));
  if (!media_of(path))
    throw DataError(
        fmt::format("{}: '{}' is neither a sound (wav, au, flac, ogg, mp3) nor a picture (png) by its name", where, path));
  const auto split = split_named(trimmed(field(columns.split)));
  if (!split)
    throw DataError(fmt::format("{}: split '{}' is none; write train, valid, test or nothing", where, field(columns.split)));
  return {fs::path(path).lexically_normal().generic_string(), label, *split, field(columns.track),
          fmt::format("line {}, {}", row.line, path)};
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

}  // namespace

Dataset dataset_from_csv(const fs::path& path) {
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
  data.has_split = columns.split.has_value();
  const std::string first = (data.root / found[0].path).string();
  fill_dataset(data, std::move(found), file);
  // A file that exists but cannot be accessed is reported when it is opened.
  const auto is_absent = [&](const Item& item) {
    std::error_code error;
    return fs::status(data.path_of(item), error).type() == fs::file_type::not_found;
  };
  if (std::ranges::all_of(data.items, is_absent))
    throw DataError(fmt::format("{}: none of its {} files is there (first: {}); paths are relative to the CSV's folder", file,
                                data.items.size(), first));
  return data;
}

}  // namespace cudenza
