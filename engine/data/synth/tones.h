/// Instruments: turns notes into samples.
#pragma once
#include <span>

#include "engine/data/synth/dice.h"
#include "engine/data/synth/song.h"

namespace cudenza::synth {

/// sin(2 pi turns), error up to 2e-4, for |turns| < 2^22.
inline float sine(float turns) {
  const float x = turns - std::round(turns), y = 8 * x - 16 * x * std::abs(x);
  return y * (0.775f + 0.225f * std::abs(y));
}

inline float frequency_of(float pitch) { return 440 * std::exp2((pitch - 69) / 12); }

/// Adds a part's notes, played in its timbre, to `mix`; what lies outside of `mix` is dropped.
void play(const Part&, Dice&, std::span<float> mix);

}  // namespace cudenza::synth
