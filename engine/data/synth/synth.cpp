#include "engine/data/synth/synth.h"

#include <array>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/synth/drums.h"
#include "engine/data/synth/genres.h"
#include "engine/data/synth/master.h"
#include "engine/data/synth/tones.h"

namespace cudenza {
namespace {

using Compose = synth::Song (*)(synth::Dice&, double seconds);

constexpr std::array<std::string_view, 10> kNames = {"blues", "classical", "country", "disco",  "hiphop",
                                                     "jazz",  "metal",     "pop",     "reggae", "rock"};
constexpr std::array<Compose, 10> kComposers = {synth::blues, synth::classical, synth::country, synth::disco,  synth::hiphop,
                                                synth::jazz,  synth::metal,     synth::pop,     synth::reggae, synth::rock};
enum Purpose : uint32_t { kComposing, kKit, kPlaying, kMastering };

}  // namespace

std::span<const std::string_view> synth_genres() { return kNames; }

void check_synth_seconds(double seconds) {
  require(seconds >= 0.5 && seconds <= 3600, "synth: clips of {} seconds; choose 0.5 to 3600", seconds);
}

std::vector<int16_t> synth_clip(uint64_t seed, int genre, int index, double seconds) {
  require(genre >= 0 && genre < static_cast<int>(kNames.size()), "synth: there is no genre {}; choose 0 to {}", genre,
          kNames.size() - 1);
  check_synth_seconds(seconds);
  const synth::ClipKey key{seed, genre, index};
  synth::Dice composing(key, kComposing), kit(key, kKit), playing(key, kPlaying), mastering(key, kMastering);
  const synth::Song song = kComposers[static_cast<size_t>(genre)](composing, seconds);
  std::vector<float> mix(static_cast<size_t>(std::llround(seconds * kSynthRate)));
  for (const synth::Part& part : song.parts) synth::play(part, playing, mix);
  synth::DrumKit(kit).play(song.hits, song.drum_gain, mix);
  return synth::master(mix, mastering);
}

}  // namespace cudenza
