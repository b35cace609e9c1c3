/// Tools of the ten composers: bars of sixteenths, scales, chords, rhythms written as strings.
#pragma once
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "engine/data/synth/dice.h"
#include "engine/data/synth/song.h"

namespace cudenza::synth {

/// Semitones above the root for each step of a scale.
using Scale = std::span<const int>;
namespace scales {
inline constexpr int kMajor[] = {0, 2, 4, 5, 7, 9, 11}, kMinor[] = {0, 2, 3, 5, 7, 8, 10}, kDorian[] = {0, 2, 3, 5, 7, 9, 10},
                     kMixolydian[] = {0, 2, 4, 5, 7, 9, 10}, kPhrygian[] = {0, 1, 3, 5, 7, 8, 10},
                     kMajorPenta[] = {0, 2, 4, 7, 9}, kMinorPenta[] = {0, 3, 5, 7, 10}, kBlues[] = {0, 3, 5, 6, 7, 10},
                     kHarmonicMinor[] = {0, 2, 3, 5, 7, 8, 11};
}  // namespace scales

/// Semitones of step n of a scale; n may be negative or beyond an octave.
int semitones(Scale, int step);

/// Moves a pitch into the octave that begins at `low`.
int in_octave(int pitch, int low);

class Composer {
 public:
  struct Beat {
    float bpm = 120;
    float swing = 0.5f;    ///< where the second eighth of a beat begins; 2/3 is a shuffle
    float swing16 = 0.5f;  ///< the same for the second sixteenth of an eighth
    float loose = 0.004f;  ///< seconds by which players miss the beat
  };

  Composer(Dice&, double seconds, const Beat&);

  Dice& dice;
  int key;  ///< 0 … 11
  Song song;

  /// Number of bars, 16 steps each, from 0 on. The clip begins within the first ones and ends before the last.
  int bars() const { return bars_; }
  double step_seconds() const { return 15.0 / beat_.bpm; }

  int add_part(const Timbre&, float gain);
  /// Adds a note to a part; `step` and `steps` in sixteenths.
  void note(int part, int bar, double step, double steps, int pitch, float velocity = 1, float glide = 0);
  void chord(int part, int bar, double step, double steps, std::initializer_list<int> pitches, float velocity = 1,
             float strum = 0);
  void chord(int part, int bar, double step, double steps, std::span<const int> pitches, float velocity = 1, float strum = 0);
  /// Hits where the pattern of up to 16 steps has 'x' (loud), 'o' (soft) or ',' (ghost note); each is dropped with probability
  /// `skip`.
  void drums(Drum, int bar, std::string_view pattern, float velocity = 1, float skip = 0);
  /// One bar of a tune: notes where the pattern has 'x', held over '-'; a random walk over the scale's steps.
  struct Tune {
    std::vector<int> steps;  ///< of the scale, one per note
    std::string_view pattern;
  };
  Tune tune(std::string_view pattern, int span, int leap);
  void play_tune(int part, int bar, const Tune&, Scale, int root, float velocity = 1, float glide_chance = 0, float glide = 0,
                 float staccato = 1);

 private:
  double at(int bar, double step) const;

  Beat beat_;
  double origin_ = 0;  // seconds from bar 0 to the start of the clip
  int bars_ = 0;
};

// Instruments, each a family with random members; genres share them.
Timbre steel_guitar(Dice&);
Timbre nylon_guitar(Dice&);
Timbre banjo(Dice&);
Timbre piano(Dice&);
Timbre electric_piano(Dice&);
Timbre bell(Dice&);
Timbre strings(Dice&);
Timbre brass(Dice&);
Timbre organ(Dice&);
Timbre flute(Dice&);
Timbre pad(Dice&);
Timbre lead(Dice&);
Timbre power_guitar(Dice&);
Timbre string_bass(Dice&);
Timbre synth_bass(Dice&);
Timbre sub_bass(Dice&);

}  // namespace cudenza::synth
