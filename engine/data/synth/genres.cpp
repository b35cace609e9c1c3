#include "engine/data/synth/genres.h"

#include <array>

#include "engine/core/error.h"

namespace cudenza::synth {
namespace {

using Compose = Song (*)(Dice&, double seconds);
constexpr std::array<Compose, kGenres> kComposers = {blues, classical, country, disco, hiphop, jazz, metal, pop, reggae, rock};

}  // namespace

Song compose(int genre, Dice& dice, double seconds) {
  require(genre >= 0 && genre < kGenres, "synth: there is no genre {}; choose 0 to {}", genre, kGenres - 1);
  return kComposers[static_cast<size_t>(genre)](dice, seconds);
}

}  // namespace cudenza::synth
