#include "engine/data/duplicates.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>

#include "engine/data/dataset_parts.h"
#include "engine/data/split.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

class DuplicateSearch {
 public:
  DuplicateSearch(const Dataset& data, std::span<const Examination> all) : data_(data), all_(all), leader_(all.size()) {
    std::iota(leader_.begin(), leader_.end(), 0);
  }

  std::vector<Duplicates> run() {
    group(Likeness::bytes, [&](size_t i) { return all_[i].bytes; });
    group(Likeness::samples, [&](size_t i) { return all_[i].samples; });
    match_sounds();
    group(Likeness::name, [&](size_t i) { return std::optional(name_key(data_.items[i].path)); });
    std::ranges::stable_sort(found_, [](const Duplicates& a, const Duplicates& b) {
      return std::tie(a.likeness, a.items) < std::tie(b.likeness, b.items);
    });
    return std::move(found_);
  }

 private:
  /// Of files already found equal, the first represents all.
  size_t leader(size_t i) const {
    while (leader_[i] != i) i = leader_[i];
    return i;
  }

  /// Groups files with the same key.
  template <class Key> void group(Likeness likeness, Key&& key) {
    std::map<typename decltype(key(0))::value_type, std::vector<int>> groups;
    for (size_t i = 0; i < all_.size(); ++i) {
      const auto value = key(i);
      if (value && leader(i) == i) groups[*value].push_back(static_cast<int>(i));
    }
    for (auto& [value, items] : groups) {
      if (items.size() > 1) add(likeness, std::move(items), 0);
    }
  }

  void add(Likeness likeness, std::vector<int> items, double seconds) {
    std::ranges::sort(items);
    Duplicates one{likeness, std::move(items), false, seconds};
    const int label = data_.items[static_cast<size_t>(one.items[0])].label;
    for (const int i : one.items) {
      one.labels_differ |= data_.items[static_cast<size_t>(i)].label != label;
      if (likeness != Likeness::excerpt && likeness != Likeness::overlap)
        leader_[leader(static_cast<size_t>(i))] = leader(static_cast<size_t>(one.items[0]));
    }
    found_.push_back(std::move(one));
  }

  void match_sounds() {
    std::vector<int> items;
    std::vector<Fingerprint> prints;
    for (size_t i = 0; i < all_.size(); ++i) {
      if (leader(i) != i || all_[i].print.words.empty()) continue;
      items.push_back(static_cast<int>(i));
      prints.push_back(all_[i].print);
    }
    std::map<int, double> seconds;  // shared by the first of a group with others
    std::vector<SoundMatch> parts;
    for (SoundMatch match : find_matches(prints)) {
      match.a = items[static_cast<size_t>(match.a)], match.b = items[static_cast<size_t>(match.b)];
      const auto a = static_cast<size_t>(match.a), b = static_cast<size_t>(match.b);
      const bool is_whole = std::min(match.coverage_a, match.coverage_b) >= kWhole;
      // Excerpts of one track share sound by design: every split keeps them on one side.
      if (!is_whole && track_of(data_.items[a]) == track_of(data_.items[b])) continue;
      if (!is_whole) {
        parts.push_back(match);
        continue;
      }
      leader_[leader(b)] = leader(a);
      seconds.emplace(match.a, match.seconds);
    }
    std::map<size_t, std::vector<int>> groups;
    for (const int i : items) groups[leader(static_cast<size_t>(i))].push_back(i);
    for (auto& [first, members] : groups) {
      if (members.size() > 1) add(Likeness::sound, members, seconds[members[0]]);
    }
    for (const SoundMatch& match : parts) {
      const bool is_excerpt = std::max(match.coverage_a, match.coverage_b) >= kWhole;
      add(is_excerpt ? Likeness::excerpt : Likeness::overlap, {match.a, match.b}, match.seconds);
    }
  }

  /// Equal for two files whose names suggest one recording: a folder may hold it in two formats.
  static std::string name_key(const std::string& path) {
    return in_lower_case(fs::path(path).replace_extension().generic_string());
  }

  static constexpr double kWhole = 0.9;
  const Dataset& data_;
  std::span<const Examination> all_;
  std::vector<size_t> leader_;
  std::vector<Duplicates> found_;
};

}  // namespace

std::vector<Duplicates> find_duplicates(const Dataset& data, std::span<const Examination> all) {
  return DuplicateSearch(data, all).run();
}

}  // namespace cudenza
