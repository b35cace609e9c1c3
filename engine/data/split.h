/// Which items train, validate and test. A split is by track: excerpts of one recording never stand on two sides.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/dataset.h"

namespace cudenza {

/// Indices into Dataset::items, ascending.
struct Split {
  std::vector<int> train, valid, test;
  std::vector<std::string> remarks;  ///< one sentence each about what was left out, for people
};

/// What an item is an excerpt of: its class, then
///   `blues.00012` if the file's name begins as GTZAN's do (letters, an optional dot, five digits that no sixth follows), in
///   whichever folder: blues.00012.wav, blues.00012.3.flac, blues.00012_3.flac, blues00012-02.png;
///   else its path in the data set without the extension: every file is its own track.
std::string track_of(const Dataset&, const Item&);

/// "blues.00012" of "blues.00012_3" and "blues00012", names as GTZAN gives them (without extension); nothing of others.
std::optional<std::string> clip_name(std::string_view stem);

enum class SplitKind { random, stratified, column };
struct SplitSpec {
  SplitKind kind = SplitKind::random;
  double fraction = 0.2;  ///< of the tracks that validate
};
/// "random:0.2", "stratified:0.2" (as many of each class), or "column" (a CSV's). Throws UsageError naming the choices.
SplitSpec parse_split(std::string_view);
std::string name_of(const SplitSpec&);

/// By `spec`. Throws UsageError if the data set has no such column, or the fraction leaves a side empty.
Split make_split(const Dataset&, const SplitSpec&, uint64_t seed);

/// int(fraction * n) of the n tracks validate, chosen by the seed alone; with `stratified` every class gives its share (those
/// with the largest remainders one more, so that the sum stays the same). All the others train.
Split random_split(const Dataset&, double fraction, uint64_t seed, bool stratified = false);

/// From the lists train*.txt, valid*.txt and test*.txt in a folder, one path a line, as `blues/blues.00029.wav`; '#' begins a
/// comment. Extensions do not count, and a line stands for all excerpts of its track. Lines that are not in the data set and
/// items in no list are counted in the remarks. Throws DataError for a folder without lists, a track in two lists, and lists
/// that name nothing of the data set.
Split list_split(const Dataset&, const std::filesystem::path& folder);

/// From a CSV's column; items without a word in it are left out and counted. Throws as list_split().
Split column_split(const Dataset&);

}  // namespace cudenza
