/// Several whole sounds one after another in one file: chained Ogg (radio streams, joined files), and flac, wav, aiff and au
/// files put end to end. A decoder reads only the first.
#pragma once
#include <vector>

#include "engine/audio/sound_bytes.h"

namespace cudenza {

/// Each sound's stretch, in order; the whole file if it is of another kind or holds one sound.
std::vector<FileStretch> joined_sounds(const FileStretch&);

/// Whether the last page of an Ogg is cut off, or does not say that its stream ends there. libsndfile tells only before 1.2.1.
bool ogg_lacks_end(const FileStretch&);

}  // namespace cudenza
