/// A drum kit: turns hits into samples.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "engine/data/synth/dice.h"
#include "engine/data/synth/song.h"

namespace cudenza::synth {

/// The sounds of one clip's kit, tuned at random.
class DrumKit {
 public:
  explicit DrumKit(Dice&);
  void play(const std::vector<Hit>&, float gain, std::span<float> mix) const;

 private:
  std::array<std::vector<float>, kDrums> sounds_;
};

}  // namespace cudenza::synth
