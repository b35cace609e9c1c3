/// Synthetic music as spectrogram pictures to learn from.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/synth/style.h"

namespace cudenza {

/// A song's log-mel spectrogram in bytes: 0 is 80 dB below its maximum.
struct SongPicture {
  int bands = 0, frames = 0;
  std::vector<uint8_t> levels;  ///< [bands, frames], low frequencies first
};

/// Song `index` of style `number` of a seed, some 20 seconds.
SongPicture song_picture(uint64_t seed, int number, int index);

/// Some part of a song, u8 [side, side, 3] in RGB: a square of about the scale that `--recipe transfer` gives 30 seconds, as an
/// equaliser, a noise floor and a plotting program's colours change it.
void draw_song(const SongPicture&, synth::Dice&, int side, std::span<uint8_t> y);

}  // namespace cudenza
