/// All formats but mp3, by libsndfile.
#pragma once
#include "engine/audio/sound_bytes.h"
#include "engine/audio/sound_decoder.h"

namespace cudenza {

/// The sounds in a file: several in chained Ogg and in flac, wav, aiff or au files joined end to end. Header sizes that were
/// never filled in are corrected while reading.
SoundParts sndfile_parts(const FileStretch&);

std::string sndfile_version();

}  // namespace cudenza
