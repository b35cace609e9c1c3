/// Styles: many classes of synthetic music, each a genre with a tempo, a register, a band and a drum kit of its own.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/data/synth/dice.h"
#include "engine/data/synth/song.h"

namespace cudenza::synth {

constexpr int kInstruments = 16;
constexpr size_t kSeats = 4;  ///< parts of a song take the band's instruments in turn

/// What all songs of a style have in common. Everything else, such as key, chords, rhythms and the sound of an instrument among
/// its family, is each song's own.
struct Style {
  int genre = 0;                                  ///< of the composer
  float tempo = 1;                                ///< times the composer's
  int transpose = 0;                              ///< semitones above where the composer's parts lie
  float held = 1;                                 ///< length of the notes, times the composer's
  float drum_gain = 1;                            ///< 0: no drums
  float drive = 0;                                ///< > 0: all parts go through an overdriven amplifier
  std::array<std::optional<int>, kSeats> band{};  ///< instruments, 0 … kInstruments - 1; nothing: the composer's choice
  std::array<Drum, kDrums> kit{};                 ///< which drum plays another's hits
};

/// Style `number` of a seed. Genres take turns, so that 10 styles that follow each other have 10 genres.
Style style_of(uint64_t seed, int number);

/// A song in this style; `dice` are the song's.
Song song_in(const Style&, Dice& dice, double seconds);

}  // namespace cudenza::synth
