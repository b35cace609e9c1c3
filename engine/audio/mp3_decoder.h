/// MPEG audio by libmpg123, which is given the frames alone: what is between them, and how long the sound is, is known before.
#pragma once
#include "engine/audio/sound_bytes.h"
#include "engine/audio/sound_decoder.h"

namespace cudenza {

/// The sounds in an mp3 file. Silence that an encoder put before and behind a sound, and says so, is left out.
SoundParts mp3_parts(const FileStretch&);

std::string mp3_library_version();

}  // namespace cudenza
