/// Divides items into training, validation and test. A split is by track: excerpts of one recording never end up on two sides.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/track.h"

namespace cudenza {

/// Indices into Dataset::items, ascending.
struct Split {
  std::vector<int> train, valid, test;
  bool valid_is_drawn = false;       ///< by chance: whose clips they are did not matter
  std::vector<std::string> remarks;  ///< for people: one sentence each about what was left out
};

enum class SplitKind { automatic, random, stratified, column };
struct SplitSpec {
  SplitKind kind = SplitKind::automatic;
  double fraction = 0.2;  ///< of the tracks, for validation
};
/// "random:0.2", "stratified:0.2" (the same share of each class), "column" (the data set's own: a CSV's column, or folders train,
/// val, test), or "auto": its own if it has one, else random:0.2. Throws UsageError naming the choices.
SplitSpec parse_split(std::string_view);
std::string name_of(const SplitSpec&);

/// What "auto" means for a data set.
SplitSpec resolved(const SplitSpec&, const Dataset&);

/// By `spec`. If a data set's own split has no validation part, a fifth of its training tracks becomes one. Throws UsageError if
/// the data set has no split, or the fraction leaves a side empty.
Split make_split(const Dataset&, const SplitSpec&, uint64_t seed);

/// int(fraction * n) of the n tracks validate, chosen only by the seed. With `stratified` each class gives its share (the largest
/// remainders one more, so that the sum stays the same). All others train.
Split random_split(const Dataset&, double fraction, uint64_t seed, bool stratified = false);

/// From the lists train*.txt, valid*.txt and test*.txt in a folder, one path per line: `blues/blues.00029.wav`. A line that
/// begins with '#' is a comment, unless the data set has a file of that name; elsewhere '#' and blanks are parts of names. A line
/// means the file, or the track, with its path; extensions are ignored. If there is none it means all clips of its name
/// (clip_name) in the class given by one of its folders, or by the name. Lines that are not in the data set and items in no list
/// are counted in the remarks. Throws DataError for a folder without lists, a list that cannot be read to its end, a track in two
/// lists, and lists that name nothing in the data set.
Split list_split(const Dataset&, const std::filesystem::path& folder);

/// By Item::split; items without one are left out and counted. Throws like list_split().
Split column_split(const Dataset&);

}  // namespace cudenza
