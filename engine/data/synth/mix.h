/// A song as sound, before mastering.
#pragma once
#include <vector>

#include "engine/data/synth/dice.h"
#include "engine/data/synth/song.h"

namespace cudenza::synth {

/// All parts and the drums: samples at kSampleRate, `song.seconds` of them. `kit` tunes the drums, `playing` is the players'.
std::vector<float> mix_of(const Song& song, Dice& kit, Dice& playing);

}  // namespace cudenza::synth
