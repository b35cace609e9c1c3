/// The last steps of a recording: a room, noise, an equaliser, loudness.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/synth/dice.h"

namespace cudenza::synth {

/// A mix as 16-bit PCM whose loudness and mean spectrum are the dice's, not the music's: each of 32 bands is brought to a level
/// that a random smooth curve says, and the whole to a random loudness. Never reaches full scale.
std::vector<int16_t> master(std::span<const float> mix, Dice&);

}  // namespace cudenza::synth
