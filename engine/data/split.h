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

/// What an item is a part of: what a CSV says under `track`; else its folder, then
///   `blues.00012` if the file's name begins as GTZAN's do (letters, an optional dot, five digits that no sixth follows):
///   blues.00012.wav, blues.00012.3.flac, blues.00012_3.flac and blues00012-02.png in one folder are one track;
///   else its name without the extension: every file is its own track, but for one that is there in two formats.
/// Files of the same name in two folders are two tracks. Whether they sound the same is the doctor's question.
std::string track_of(const Item&);

/// "blues.00012" of "blues.00012_3" and "blues00012", names as GTZAN gives them (without extension); nothing of others.
std::optional<std::string> clip_name(std::string_view stem);

enum class SplitKind { automatic, random, stratified, column };
struct SplitSpec {
  SplitKind kind = SplitKind::automatic;
  double fraction = 0.2;  ///< of the tracks that validate
};
/// "random:0.2", "stratified:0.2" (as many of each class), "column" (the data set's own: a CSV's column, or folders train, val,
/// test), or "auto": its own where it has one, else random:0.2. Throws UsageError naming the choices.
SplitSpec parse_split(std::string_view);
std::string name_of(const SplitSpec&);

/// What "auto" means for a data set.
SplitSpec resolved(const SplitSpec&, const Dataset&);

/// By `spec`. A data set's own split that keeps nothing for validation gives a fifth of its training tracks to it. Throws
/// UsageError if the data set has no split, or the fraction leaves a side empty.
Split make_split(const Dataset&, const SplitSpec&, uint64_t seed);

/// int(fraction * n) of the n tracks validate, chosen by the seed alone; with `stratified` every class gives its share (those
/// with the largest remainders one more, so that the sum stays the same). All the others train.
Split random_split(const Dataset&, double fraction, uint64_t seed, bool stratified = false);

/// From the lists train*.txt, valid*.txt and test*.txt in a folder, one path a line, as `blues/blues.00029.wav`. A line that
/// begins with '#' is a comment, unless the data set has a file of that name; elsewhere '#' and blanks are parts of names. A
/// line stands for the file, or the track, that has its path; extensions do not count. If there is none it stands for all clips
/// of its name (clip_name) in the class that one of its folders, or the name, says. Lines that are not in the data set and
/// items in no list are counted in the remarks. Throws DataError for a folder without lists, a list that cannot be read to its
/// end, a track in two lists, and lists that name nothing of the data set.
Split list_split(const Dataset&, const std::filesystem::path& folder);

/// As the items say (Item::split); those that say nothing are left out and counted. Throws as list_split().
Split column_split(const Dataset&);

}  // namespace cudenza
