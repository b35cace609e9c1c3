/// Ten composers. Genres differ in the timing of notes (metre, swing, patterns, who plays on which beat), in articulation
/// (slides, held or short, broken or struck chords) and in harmony (scales, progressions). Tempi, keys and instruments overlap
/// between genres.
#pragma once
#include <array>
#include <string_view>

#include "engine/data/synth/composer.h"

namespace cudenza::synth {

Song blues(Dice&, double seconds);      ///< twelve-bar shuffle of dominant sevenths; a guitar that bends
Song classical(Dice&, double seconds);  ///< no drums; broken chords under long bows, functional harmony, swells
Song country(Dice&, double seconds);    ///< bass and chord in turn, rolling picked sixteenths, steel slides, major
Song disco(Dice&, double seconds);      ///< a kick on each beat, open hats between, octaves in the bass, strings that answer
Song hiphop(Dice&, double seconds);     ///< slow swung sixteenths, a broken kick, a loop of two chords, a gliding sub
Song jazz(Dice&, double seconds);       ///< swung ride, walking bass, ii-V-I in ninths, a horn's chromatic lines
Song metal(Dice&, double seconds);      ///< galloping muted fifths in phrygian, double kick
Song pop(Dice&, double seconds);        ///< four chords, pads that pump, arpeggios, claps
Song reggae(Dice&, double seconds);     ///< chords only off the beat, one drop on three, a bass with gaps
Song rock(Dice&, double seconds);       ///< straight eighths, ringing overdriven fifths, backbeat, mixolydian

constexpr int kGenres = 10;
constexpr std::array<std::string_view, kGenres> kGenreNames = {"blues", "classical", "country", "disco",  "hiphop",
                                                               "jazz",  "metal",     "pop",     "reggae", "rock"};
/// A song of that genre, by its place in kGenreNames. Throws UsageError if there is none.
Song compose(int genre, Dice&, double seconds);

}  // namespace cudenza::synth
