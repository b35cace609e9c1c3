/// A song as the composers write it: notes for instruments, hits for a drum kit.
#pragma once
#include <cstdint>
#include <vector>

namespace cudenza::synth {

constexpr int kSampleRate = 22050;

enum class Voice {
  pluck,   ///< Karplus-Strong string: guitar, bass, banjo, piano
  fm,      ///< two sines, one modulates the other: electric piano, bell, brass
  analog,  ///< two sawtooths through a moving low-pass: strings, pads, leads, synth bass
  organ,   ///< a sum of sines, held
  pipe,    ///< a near sine with breath noise: flute, whistle, sub bass
};

/// An instrument's sound. Times in seconds.
struct Timbre {
  Voice voice = Voice::pluck;
  float attack = 0.003f, decay = 0.5f, sustain = 0.7f, release = 0.06f;  ///< sustain: the level held, of the peak
  float vibrato = 0, vibrato_rate = 5.5f;                                ///< semitones, Hz
  float bright = 0.5f;                  ///< 0 … 1: brightness of pluck, of organ's upper sines, of pipe's breath
  float ratio = 1;                      ///< fm: modulator frequency divided by the note's
  float index = 2;                      ///< fm: modulation index, radians
  float detune = 0.08f;                 ///< analog: semitones between the sawtooths
  float cutoff = 6;                     ///< analog: the low-pass cutoff divided by the note's frequency …
  float sweep = 0;                      ///< … and octaves above it at the start, falling with `decay` (negative: rising)
  float drive = 0;                      ///< > 0: the part goes through an overdriven amplifier
  float tremolo = 0, tremolo_rate = 6;  ///< 0 … 1, Hz; of the whole part
};

struct Note {
  double start = 0, length = 0;  ///< seconds
  float pitch = 60;              ///< MIDI number
  float velocity = 1;
  float glide = 0;  ///< semitones from which it slides to its pitch
};

struct Part {
  Timbre timbre;
  float gain = 1;
  std::vector<Note> notes;
};

enum class Drum { kick, snare, hat, open_hat, ride, crash, clap, rim, tom, shaker, brush };
constexpr int kDrums = 11;

struct Hit {
  Drum drum;
  double start = 0;
  float velocity = 1;
};

struct Song {
  double seconds = 0;
  std::vector<Part> parts;
  std::vector<Hit> hits;
  float drum_gain = 1;
};

}  // namespace cudenza::synth
