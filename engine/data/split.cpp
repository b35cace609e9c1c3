#include "engine/data/split.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>

#include "engine/core/error.h"
#include "kernels/common/philox.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

enum Side { kTrain, kValid, kTest, kSides };
constexpr std::string_view kSideNames[kSides] = {"train", "valid", "test"};

std::vector<int>& side_of(Split& split, Side side) {
  return side == kTrain ? split.train : side == kValid ? split.valid : split.test;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string without_extension(const std::string& path) { return fs::path(path).replace_extension().generic_string(); }

std::string track_key(const std::string& label, const std::string& path) {
  return label + '/' + clip_name(fs::path(path).stem().string()).value_or(without_extension(path));
}

/// The items of each track, tracks in the order of their names.
std::map<std::string, std::vector<int>> tracks_of(const Dataset& data) {
  std::map<std::string, std::vector<int>> tracks;
  for (size_t i = 0; i < data.items.size(); ++i) tracks[track_of(data, data.items[i])].push_back(static_cast<int>(i));
  return tracks;
}

/// A permutation of 0 … n-1, by the seed and `stream` alone.
std::vector<int> shuffled(size_t n, uint64_t seed, uint32_t stream) {
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  const kernels::RandomStream random{.seed = seed, .op = stream, .step = nullptr};
  for (size_t i = n; i > 1; --i) {
    const kernels::Random4 drawn = kernels::random4(random, i);
    const uint64_t word = drawn.word[0] | static_cast<uint64_t>(drawn.word[1]) << 32;
    std::swap(order[i - 1], order[word % i]);
  }
  return order;
}

/// How many tracks of each group validate: its share, rounded down, and one more for the largest remainders.
std::vector<int> quotas(const std::vector<size_t>& sizes, double fraction) {
  const auto share = [&](size_t group) { return fraction * static_cast<double>(sizes[group]); };
  const size_t tracks = std::accumulate(sizes.begin(), sizes.end(), size_t{0});
  int left = static_cast<int>(fraction * static_cast<double>(tracks));
  std::vector<int> quota(sizes.size());
  for (size_t g = 0; g < sizes.size(); ++g) left -= quota[g] = static_cast<int>(share(g));
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](size_t g) { return share(g) - quota[g]; });
  for (size_t g = 0; left > 0 && g < order.size(); ++g, --left) ++quota[order[g]];
  return quota;
}

void sort_sides(Split& split) {
  for (const Side side : {kTrain, kValid, kTest}) std::ranges::sort(side_of(split, side));
}

// Lists.

struct ListLine {
  std::string path;
  Side side;
  std::string where;  // file:line
};

std::string trimmed(std::string line) {
  line.erase(std::ranges::find(line, '#'), line.end());
  constexpr const char* kBlank = " \t\r\xEF\xBB\xBF";
  const size_t begin = line.find_first_not_of(kBlank), end = line.find_last_not_of(kBlank);
  return begin == std::string::npos ? "" : line.substr(begin, end - begin + 1);
}

void read_list(const fs::path& path, Side side, std::vector<ListLine>& lines) {
  std::ifstream file(path);
  if (!file) throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    line = trimmed(line);
    if (!line.empty())
      lines.push_back({fs::path(line).lexically_normal().generic_string(), side, fmt::format("{}:{}", path.string(), number)});
  }
}

std::vector<ListLine> read_lists(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  if (error) throw DataError(fmt::format("{}: the folder of lists cannot be read: {}", folder.string(), error.message()));
  std::ranges::sort(files);
  std::vector<ListLine> lines;
  for (const fs::path& file : files) {
    for (const Side side : {kTrain, kValid, kTest}) {
      if (file.extension() == ".txt" && file.filename().string().starts_with(kSideNames[side])) read_list(file, side, lines);
    }
  }
  if (lines.empty())
    throw DataError(
        fmt::format("{}: no lists; name them train*.txt, valid*.txt and test*.txt, one path a line", folder.string()));
  return lines;
}

/// Finds the track that a line of a list means.
class TrackFinder {
 public:
  explicit TrackFinder(const Dataset& data) {
    for (const Item& item : data.items) {
      const std::string track = track_of(data, item);
      names_.emplace(without_extension(item.path), track);
      names_.emplace(track, track);
    }
  }

  /// By its path, else as a clip of the class that one of its folders, or its name, says.
  const std::string* find(const std::string& line) const {
    if (const std::string* track = named(without_extension(line))) return track;
    const auto clip = clip_name(fs::path(line).stem().string());
    if (!clip) return nullptr;
    for (const fs::path& folder : fs::path(line).parent_path()) {
      if (const std::string* track = named(folder.string() + '/' + *clip)) return track;
    }
    return named(clip->substr(0, clip->find('.')) + '/' + *clip);
  }

 private:
  const std::string* named(const std::string& name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : &found->second;
  }

  std::map<std::string, std::string> names_;  // to tracks
};

}  // namespace

std::optional<std::string> clip_name(std::string_view stem) {
  size_t letters = 0;
  while (letters < stem.size() && is_letter(stem[letters])) ++letters;
  size_t begin = letters + (letters < stem.size() && stem[letters] == '.'), end = begin;
  while (end < stem.size() && is_digit(stem[end])) ++end;
  if (letters == 0 || end - begin != 5) return std::nullopt;
  return fmt::format("{}.{}", stem.substr(0, letters), stem.substr(begin, 5));
}

std::string track_of(const Dataset& data, const Item& item) { return track_key(data.class_of(item), item.path); }

SplitSpec parse_split(std::string_view text) {
  SplitSpec spec;
  if (text == "column") return {SplitKind::column, 0};
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon), number = colon == text.npos ? "0.2" : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), spec.fraction);
  spec.kind = kind == "stratified" ? SplitKind::stratified : SplitKind::random;
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  require((kind == "random" || kind == "stratified") && is_number && spec.fraction > 0 && spec.fraction < 1,
          "split: '{}' is none; choose random:F or stratified:F, F the fraction that validates (as random:0.2), or column", text);
  return spec;
}

std::string name_of(const SplitSpec& spec) {
  if (spec.kind == SplitKind::column) return "column";
  return fmt::format("{}:{}", spec.kind == SplitKind::random ? "random" : "stratified", spec.fraction);
}

Split make_split(const Dataset& data, const SplitSpec& spec, uint64_t seed) {
  if (spec.kind == SplitKind::column) return column_split(data);
  return random_split(data, spec.fraction, seed, spec.kind == SplitKind::stratified);
}

Split random_split(const Dataset& data, double fraction, uint64_t seed, bool stratified) {
  // Groups of tracks that are drawn from on their own: the classes, or all together.
  std::vector<std::vector<const std::vector<int>*>> groups(stratified ? data.classes.size() : 1);
  const auto tracks = tracks_of(data);
  for (const auto& [name, items] : tracks) {
    groups[stratified ? static_cast<size_t>(data.items[static_cast<size_t>(items[0])].label) : 0].push_back(&items);
  }
  std::vector<size_t> sizes;
  for (const auto& group : groups) sizes.push_back(group.size());
  const std::vector<int> quota = quotas(sizes, fraction);
  Split split;
  for (size_t g = 0; g < groups.size(); ++g) {
    const std::vector<int> order = shuffled(groups[g].size(), seed, static_cast<uint32_t>(g));
    for (size_t i = 0; i < order.size(); ++i) {
      std::vector<int>& side = i < static_cast<size_t>(quota[g]) ? split.valid : split.train;
      const std::vector<int>& items = *groups[g][static_cast<size_t>(order[i])];
      side.insert(side.end(), items.begin(), items.end());
    }
  }
  sort_sides(split);
  require(!split.valid.empty() && !split.train.empty(),
          "split: a fraction of {} of {} tracks leaves {} without any; choose another fraction or give more clips", fraction,
          tracks.size(), split.valid.empty() ? "validation" : "training");
  return split;
}

Split list_split(const Dataset& data, const fs::path& folder) {
  const TrackFinder finder(data);
  std::map<std::string, const ListLine*> listed;  // by track
  std::vector<const ListLine*> unknown;
  const std::vector<ListLine> lines = read_lists(folder);
  for (const ListLine& line : lines) {
    const std::string* track = finder.find(line.path);
    if (!track) {
      unknown.push_back(&line);
      continue;
    }
    const ListLine& before = *listed.emplace(*track, &line).first->second;
    if (before.side != line.side)
      throw DataError(fmt::format("{}: '{}' is also in the {} list ({}); a track must stand on one side", line.where, line.path,
                                  kSideNames[before.side], before.where));
  }
  if (listed.empty())
    throw DataError(fmt::format("{}: none of the {} lines names a file of the data set ({}: '{}'); write paths as '{}'",
                                folder.string(), lines.size(), lines[0].where, lines[0].path, data.items[0].path));
  Split split;
  std::vector<const Item*> left_out;
  for (size_t i = 0; i < data.items.size(); ++i) {
    const auto found = listed.find(track_of(data, data.items[i]));
    if (found == listed.end()) left_out.push_back(&data.items[i]);
    else side_of(split, found->second->side).push_back(static_cast<int>(i));
  }
  if (!unknown.empty())
    split.remarks.push_back(fmt::format("{} of {} lines name no file of the data set (as {}: {})", unknown.size(), lines.size(),
                                        unknown[0]->where, unknown[0]->path));
  if (!left_out.empty())
    split.remarks.push_back(
        fmt::format("{} of {} files are in no list and left out (as {})", left_out.size(), data.items.size(), left_out[0]->path));
  return split;
}

Split column_split(const Dataset& data) {
  require(data.has_split_column, "split: the data set has no split column; give a CSV path,label,split, or choose random:0.2");
  Split split;
  std::map<std::string, const Item*> sides;  // of each track
  int left_out = 0;
  for (size_t i = 0; i < data.items.size(); ++i) {
    const Item& item = data.items[i];
    const auto side = std::ranges::find(kSideNames, item.split);
    if (side == std::end(kSideNames)) {
      ++left_out;
      continue;
    }
    const Item& before = *sides.emplace(track_of(data, item), &item).first->second;
    if (before.split != item.split)
      throw DataError(fmt::format("split: {} ({}) and {} ({}) are of one track, which must stand on one side", before.path,
                                  before.split, item.path, item.split));
    side_of(split, static_cast<Side>(side - std::begin(kSideNames))).push_back(static_cast<int>(i));
  }
  if (sides.empty()) throw DataError("split: the split column is empty throughout; write train, valid or test in it");
  if (left_out > 0)
    split.remarks.push_back(fmt::format("{} of {} files have no split and are left out", left_out, data.items.size()));
  return split;
}

}  // namespace cudenza
