#include "engine/data/synth/mix.h"

#include <cmath>

#include "engine/data/synth/drums.h"
#include "engine/data/synth/tones.h"

namespace cudenza::synth {

std::vector<float> mix_of(const Song& song, Dice& kit, Dice& playing) {
  std::vector<float> mix(static_cast<size_t>(std::llround(song.seconds * kSampleRate)));
  for (const Part& part : song.parts) play(part, playing, mix);
  DrumKit(kit).play(song.hits, song.drum_gain, mix);
  return mix;
}

}  // namespace cudenza::synth
