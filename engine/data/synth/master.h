/// Mastering: reverb, noise, equaliser, loudness.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/synth/dice.h"

namespace cudenza::synth {

/// A mix as 16-bit PCM. Its loudness and mean spectrum are random, independent of the music: each of 32 bands is set to a level
/// from a random smooth curve, and the whole to a random loudness. Never reaches full scale.
std::vector<int16_t> master(std::span<const float> mix, Dice&);

}  // namespace cudenza::synth
