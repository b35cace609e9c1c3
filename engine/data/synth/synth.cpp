#include "engine/data/synth/synth.h"

#include "engine/core/error.h"
#include "engine/data/synth/genres.h"
#include "engine/data/synth/master.h"
#include "engine/data/synth/mix.h"

namespace cudenza {
namespace {

enum Purpose : uint32_t { kComposing, kKit, kPlaying, kMastering };

}  // namespace

std::span<const std::string_view> synth_genres() { return synth::kGenreNames; }

void check_synth_seconds(double seconds) {
  require(seconds >= 0.5 && seconds <= 3600, "synth: clips of {} seconds; choose 0.5 to 3600", seconds);
}

std::vector<int16_t> synth_clip(uint64_t seed, int genre, int index, double seconds) {
  check_synth_seconds(seconds);
  const synth::ClipKey key{seed, genre, index};
  synth::Dice composing(key, kComposing), kit(key, kKit), playing(key, kPlaying), mastering(key, kMastering);
  const synth::Song song = synth::compose(genre, composing, seconds);
  return synth::master(synth::mix_of(song, kit, playing), mastering);
}

}  // namespace cudenza
