#include "engine/data/synth/style.h"

#include <algorithm>
#include <cmath>

#include "engine/data/synth/genres.h"

namespace cudenza::synth {
namespace {

using Make = Timbre (*)(Dice&);
constexpr std::array<Make, kInstruments> kMakers = {
    steel_guitar, nylon_guitar, banjo, piano, electric_piano, bell,        strings,    brass,
    organ,        flute,        pad,   lead,  power_guitar,   string_bass, synth_bass, sub_bass};
constexpr uint32_t kStylePurpose = 8;  // other than a clip's (synth.cpp)

/// Drums that may stand in for each other keep a rhythm's meaning: low for low, high for high.
std::array<Drum, kDrums> kit_of(Dice& dice) {
  constexpr Drum kLow[] = {Drum::kick, Drum::kick, Drum::tom}, kMiddle[] = {Drum::snare, Drum::clap, Drum::rim, Drum::tom},
                 kHigh[] = {Drum::hat, Drum::open_hat, Drum::ride, Drum::shaker, Drum::brush};
  std::array<Drum, kDrums> kit;
  for (int i = 0; i < kDrums; ++i) kit[static_cast<size_t>(i)] = static_cast<Drum>(i);
  const Drum low = dice.pick(kLow), middle = dice.pick(kMiddle), high = dice.pick(kHigh);
  kit[static_cast<size_t>(Drum::kick)] = low;
  for (const Drum drum : {Drum::snare, Drum::clap, Drum::rim}) kit[static_cast<size_t>(drum)] = middle;
  for (const Drum drum : {Drum::hat, Drum::ride, Drum::shaker, Drum::brush}) kit[static_cast<size_t>(drum)] = high;
  return kit;
}

}  // namespace

Style style_of(uint64_t seed, int number) {
  Dice dice({.seed = seed, .genre = number, .index = 0}, kStylePurpose);
  Style style{.genre = number % kGenres,
              .tempo = dice.ratio(0.65f, 1.5f),
              .transpose = dice.below(21) - 10,
              .held = dice.ratio(0.4f, 1.8f)};
  constexpr float kDrumGains[] = {0, 0.5f, 1, 1, 1.6f};
  style.drum_gain = dice.pick(kDrumGains);
  if (dice.chance(0.2f)) style.drive = dice.range(2, 5);
  for (auto& seat : style.band) {
    const int instrument = dice.below(kInstruments);
    if (dice.chance(0.8f)) seat = instrument;
  }
  style.kit = kit_of(dice);
  return style;
}

Song song_in(const Style& style, Dice& dice, double seconds) {
  Song song = compose(style.genre, dice, seconds * static_cast<double>(style.tempo));
  const double faster = 1 / static_cast<double>(style.tempo);
  song.seconds = seconds;
  song.drum_gain *= style.drum_gain;
  size_t seat = 0;
  for (Part& part : song.parts) {
    if (const auto instrument = style.band[seat++ % kSeats]) part.timbre = kMakers[static_cast<size_t>(*instrument)](dice);
    if (style.drive > 0) part.timbre.drive = style.drive;
    for (Note& note : part.notes) {
      note.start *= faster;
      note.length = std::max(0.03, note.length * faster * static_cast<double>(style.held));
      note.pitch = std::clamp(note.pitch + static_cast<float>(style.transpose), 21.0f, 108.0f);
    }
  }
  for (Hit& hit : song.hits) {
    hit.start *= faster;
    hit.drum = style.kit[static_cast<size_t>(hit.drum)];
  }
  return song;
}

}  // namespace cudenza::synth
