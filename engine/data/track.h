/// Which recording a file is of: excerpts of one recording are one track.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "engine/data/dataset.h"

namespace cudenza {

/// The track of an item: the CSV's `track`, if given; else its folder, then
///   `blues.00012` if the file's name begins like GTZAN's (letters, an optional dot, exactly five digits): blues.00012.wav,
///   blues.00012.3.flac, blues.00012_3.flac and blues00012-02.png in one folder are one track;
///   else its name without the extension: every file is its own track, except one that exists in two formats.
/// Files of the same name in two folders are two tracks. The doctor checks whether they sound the same.
std::string track_of(const Item&);

/// The same by an item's path alone.
std::string track_by_path(const std::string& path);
/// A path without its extension.
std::string without_extension(const std::string& path);

/// "blues.00012" of "blues.00012_3" and "blues00012", names as in GTZAN (without extension); else nullopt.
std::optional<std::string> clip_name(std::string_view stem);

}  // namespace cudenza
