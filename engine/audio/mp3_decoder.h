/// MPEG audio by libmpg123. It gets only the frames: the gaps between them and the sound's length are known before.
#pragma once
#include "engine/audio/sound_bytes.h"
#include "engine/audio/sound_decoder.h"

namespace cudenza {

/// The sounds in an mp3 file, without the silence that the encoder added before and after them, if it says so.
SoundParts mp3_parts(const FileStretch&);

std::string mp3_library_version();

}  // namespace cudenza
