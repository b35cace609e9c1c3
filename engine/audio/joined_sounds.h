/// Whole sounds that stand one after another in one file: chained Ogg, as radio stations send and tools join it, and flac, wav,
/// aiff and au files put end to end. A decoder reads the first alone.
#pragma once
#include <vector>

#include "engine/audio/sound_bytes.h"

namespace cudenza {

/// The stretch of each, in order; of a file of another kind, and of one sound, the whole.
std::vector<FileStretch> joined_sounds(const FileStretch&);

}  // namespace cudenza
