/// Everything but mp3, by libsndfile.
#pragma once
#include "engine/audio/sound_bytes.h"
#include "engine/audio/sound_decoder.h"

namespace cudenza {

/// The sounds in a file: several in chained Ogg, and where whole flac, wav, aiff or au files are joined end to end. Headers whose
/// sizes were never filled in are read as if they had been.
SoundParts sndfile_parts(const FileStretch&);

std::string sndfile_version();

}  // namespace cudenza
