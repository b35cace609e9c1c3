#include "engine/data/split.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <set>
#include <span>

#include "engine/core/error.h"
#include "engine/core/regular_file.h"
#include "kernels/common/philox.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

enum Side { kTrain, kValid, kTest, kSides };
constexpr std::string_view kSideNames[kSides] = {"train", "valid", "test"};

std::vector<int>& side_of(Split& split, Side side) {
  return side == kTrain ? split.train : side == kValid ? split.valid : split.test;
}

/// A fifth of the tracks validates by default.
constexpr double kUsualFraction = 0.2;

/// The items of each track, tracks sorted by name.
std::map<std::string, std::vector<int>> tracks_of(const Dataset& data, std::span<const int> items) {
  std::map<std::string, std::vector<int>> tracks;
  for (const int i : items) tracks[track_of(data.items[static_cast<size_t>(i)])].push_back(i);
  return tracks;
}

std::vector<int> all_items(const Dataset& data) {
  std::vector<int> items(data.items.size());
  std::iota(items.begin(), items.end(), 0);
  return items;
}

/// A permutation of 0 … n-1 that depends only on the seed and `stream`.
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

/// How many tracks of each group validate: its share, rounded down, plus one for the largest remainders.
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

/// A random split of the items in `from`.
Split drawn_split(const Dataset& data, std::span<const int> from, double fraction, uint64_t seed, bool stratified) {
  // Groups of tracks to draw from separately: the classes, or all together.
  std::vector<std::vector<const std::vector<int>*>> groups(stratified ? data.classes.size() : 1);
  const auto tracks = tracks_of(data, from);
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
  split.valid_is_drawn = true;
  sort_sides(split);
  require(!split.valid.empty() && !split.train.empty(),
          "split: a fraction of {} of {} tracks leaves {} without any; choose another fraction or give more clips", fraction,
          tracks.size(), split.valid.empty() ? "validation" : "training");
  return split;
}

// Lists.

struct ListLine {
  std::string path;
  Side side;
  std::string where;  // file:line
};

/// Removes blanks at both ends.
std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t";
  const size_t begin = line.find_first_not_of(kBlanks);
  return begin == line.npos ? "" : line.substr(begin, line.find_last_not_of(kBlanks) + 1 - begin);
}

void read_list(const fs::path& path, Side side, std::vector<ListLine>& lines) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const std::string content = read_text(path);
  std::string_view text = content;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    text.remove_prefix(line.size());
    if (!text.empty()) text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
    if (!trimmed(line).empty()) lines.push_back({std::string(line), side, fmt::format("{}:{}", path.string(), number)});
  }
}

std::vector<ListLine> read_lists(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) files.push_back(entry->path());
  if (error) throw DataError(fmt::format("{}: the folder of lists cannot be read: {}", folder.string(), error.message()));
  std::ranges::sort(files);
  std::vector<ListLine> lines;
  for (const fs::path& file : files) {
    for (const Side side : {kTrain, kValid, kTest}) {
      if (file.extension() == ".txt" && file.filename().string().starts_with(kSideNames[side])) read_list(file, side, lines);
    }
  }
  return lines;
}

/// Finds the tracks that a list's line means.
class TrackFinder {
 public:
  explicit TrackFinder(const Dataset& data) {
    for (const Item& item : data.items) {
      const std::string track = track_of(item);
      files_.emplace(item.path, track);
      names_.emplace(without_extension(item.path), track);
      names_.emplace(track_by_path(item.path), track);
      if (const auto clip = clip_name(fs::path(item.path).stem().string()))
        clips_[data.class_of(item) + '/' + *clip].insert(track);
    }
  }

  /// Empty for comments and for lines that are not in the data set.
  std::set<std::string> find(const std::string& line) const {
    const std::set<std::string> exact = find_path(line);
    const std::string shorter(trimmed(line));
    return exact.empty() && shorter != line ? find_path(shorter) : exact;
  }

  static bool is_comment(const std::string& line) { return trimmed(line).starts_with('#'); }

 private:
  std::set<std::string> find_path(const std::string& line) const {
    const std::string path = fs::path(line).lexically_normal().generic_string();
    if (const auto file = files_.find(path); file != files_.end()) return {file->second};
    if (is_comment(line)) return {};
    for (const std::string& name : {path, without_extension(path), track_by_path(path)}) {
      if (const auto track = names_.find(name); track != names_.end()) return {track->second};
    }
    return find_clip(path);
  }

  std::set<std::string> find_clip(const fs::path& path) const {
    const auto clip = clip_name(path.stem().string());
    if (!clip) return {};
    const auto in_class = [&](const std::string& name) {
      const auto found = clips_.find(name + '/' + *clip);
      return found == clips_.end() ? std::set<std::string>() : found->second;
    };
    for (const fs::path& folder : path.parent_path()) {
      if (const auto tracks = in_class(folder.string()); !tracks.empty()) return tracks;
    }
    return in_class(clip->substr(0, clip->find('.')));
  }

  std::map<std::string, std::string> files_, names_;    // to tracks
  std::map<std::string, std::set<std::string>> clips_;  // "blues/blues.00012" to its tracks, in any folder
};

}  // namespace

SplitSpec parse_split(std::string_view text) {
  SplitSpec spec;
  if (text == "auto") return {SplitKind::automatic, kUsualFraction};
  if (text == "column") return {SplitKind::column, 0};
  const size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon), number = colon == text.npos ? "0.2" : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), spec.fraction);
  spec.kind = kind == "stratified" ? SplitKind::stratified : SplitKind::random;
  const bool is_number = error == std::errc() && end == number.data() + number.size();
  require((kind == "random" || kind == "stratified") && is_number && spec.fraction > 0 && spec.fraction < 1,
          "split: '{}' is none; choose random:F or stratified:F, F the fraction that validates (as random:0.2), column or auto",
          text);
  return spec;
}

std::string name_of(const SplitSpec& spec) {
  if (spec.kind == SplitKind::automatic) return "auto";
  if (spec.kind == SplitKind::column) return "column";
  return fmt::format("{}:{}", spec.kind == SplitKind::random ? "random" : "stratified", spec.fraction);
}

SplitSpec resolved(const SplitSpec& spec, const Dataset& data) {
  if (spec.kind != SplitKind::automatic) return spec;
  const bool has_own = data.has_split && !std::ranges::all_of(data.items, [](const Item& item) { return item.split.empty(); });
  return has_own ? SplitSpec{SplitKind::column, 0} : SplitSpec{SplitKind::random, kUsualFraction};
}

Split make_split(const Dataset& data, const SplitSpec& given, uint64_t seed) {
  const SplitSpec spec = resolved(given, data);
  if (spec.kind != SplitKind::column) return random_split(data, spec.fraction, seed, spec.kind == SplitKind::stratified);
  Split split = column_split(data);
  if (!split.valid.empty() || split.train.empty()) return split;
  Split drawn = drawn_split(data, split.train, kUsualFraction, seed, false);
  split.train = std::move(drawn.train);
  split.valid = std::move(drawn.valid);
  split.valid_is_drawn = true;
  split.remarks.push_back("no files are kept for validation: a fifth of the tracks for training is");
  return split;
}

Split random_split(const Dataset& data, double fraction, uint64_t seed, bool stratified) {
  return drawn_split(data, all_items(data), fraction, seed, stratified);
}

Split list_split(const Dataset& data, const fs::path& folder) {
  const TrackFinder finder(data);
  std::map<std::string, const ListLine*> listed;  // by track
  std::vector<const ListLine*> unknown;
  std::vector<ListLine> lines = read_lists(folder);
  std::erase_if(lines, [&](const ListLine& line) { return finder.is_comment(line.path) && finder.find(line.path).empty(); });
  if (lines.empty())
    throw DataError(
        fmt::format("{}: no lists; name them train*.txt, valid*.txt and test*.txt, one path a line", folder.string()));
  for (const ListLine& line : lines) {
    const std::set<std::string> tracks = finder.find(line.path);
    if (tracks.empty()) unknown.push_back(&line);
    for (const std::string& track : tracks) {
      const ListLine& before = *listed.emplace(track, &line).first->second;
      if (before.side != line.side)
        throw DataError(fmt::format("{}: '{}' is also in the {} list ({}); a track must stand on one side", line.where, line.path,
                                    kSideNames[before.side], before.where));
    }
  }
  if (listed.empty())
    throw DataError(fmt::format("{}: none of the {} lines names a file of the data set ({}: '{}'); write paths as '{}'",
                                folder.string(), lines.size(), lines[0].where, lines[0].path, data.items[0].path));
  Split split;
  std::vector<const Item*> left_out;
  for (size_t i = 0; i < data.items.size(); ++i) {
    const auto found = listed.find(track_of(data.items[i]));
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
  require(
      data.has_split,
      "split: the data set has no split of its own; give a CSV path,label,split, or folders train and val, or choose random:0.2");
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
    const Item& before = *sides.emplace(track_of(item), &item).first->second;
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
