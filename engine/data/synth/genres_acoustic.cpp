/// Blues, classical, country, jazz and reggae.
#include "engine/data/synth/genres.h"

namespace cudenza::synth {
namespace {

/// Root of the chord in each of twelve bars, in semitones.
constexpr int kTwelveBars[] = {0, 0, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7};

}  // namespace

Song blues(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(72, 132), .swing = dice.range(0.63f, 0.69f), .loose = 0.012f});
  const int riff = c.add_part(dice.chance(0.5f) ? steel_guitar(dice) : piano(dice), 0.5f);
  const int bass = c.add_part(string_bass(dice), 0.9f);
  Timbre voice = dice.chance(0.6f) ? power_guitar(dice) : dice.chance(0.5f) ? brass(dice) : organ(dice);
  voice.vibrato = 0.35f;
  const int solo = c.add_part(voice, 0.6f);
  const int first = dice.below(12), root = in_octave(c.key, 40);
  const char* const patterns[] = {"x-x---x---------", "x---x-x-x-------", "..x-x-x---x-----", "x-------..x-x---",
                                  "x-x-x-x-x-------"};
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = root + kTwelveBars[(bar + first) % 12];
    for (int beat = 0; beat < 4; ++beat) {  // boogie: root and fifth, then root and sixth
      const int top = beat % 2 == 0 ? 7 : dice.chance(0.2f) ? 10 : 9;
      c.chord(riff, bar, 4 * beat, 1.6, {chord + 12, chord + 12 + top}, 1);
      c.chord(riff, bar, 4 * beat + 2, 1.2, {chord + 12, chord + 12 + top}, 0.7f);
      constexpr int kWalk[] = {0, 4, 7, 9};
      c.note(bass, bar, 4 * beat, 3.5, chord - 12 + kWalk[beat], 1);
      if (dice.chance(0.3f)) c.note(bass, bar, 4 * beat + 2, 1, chord - 12 + kWalk[beat], 0.6f);
    }
    if (bar % 2 == 1 || dice.chance(0.35f))
      c.play_tune(solo, bar, c.tune(dice.pick(patterns), 9, 2), scales::kBlues, root + 24, 1, 0.6f,
                  dice.chance(0.7f) ? -2.0f : 1.0f);
    c.drums(dice.chance(0.9f) ? Drum::ride : Drum::hat, bar, "x.o.x.o.x.o.x.o.", 0.5f);
    c.drums(Drum::kick, bar, dice.chance(0.3f) ? "x.....o.x......." : "x.......x.......");
    c.drums(Drum::snare, bar, dice.chance(0.2f) ? "....x.....,.x.o." : "....x.......x...");
  }
  return c.song;
}

Song classical(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(66, 138), .loose = 0.015f});
  const bool is_minor = dice.chance(0.5f);
  const Scale scale = is_minor ? Scale(scales::kHarmonicMinor) : Scale(scales::kMajor);
  const int broken = c.add_part(dice.chance(0.4f) ? piano(dice) : dice.chance(0.5f) ? nylon_guitar(dice) : strings(dice), 0.5f);
  const int tune = c.add_part(dice.chance(0.5f) ? strings(dice) : dice.chance(0.6f) ? flute(dice) : brass(dice), 0.7f);
  const int low = c.add_part(strings(dice), 0.6f);
  constexpr int kChords[][4] = {{0, 3, 4, 0}, {0, 5, 1, 4}, {0, 4, 5, 3}, {0, 3, 1, 4}, {0, 1, 4, 0}};
  constexpr int kFigures[][8] = {{0, 2, 1, 2, 0, 2, 1, 2}, {0, 1, 2, 3, 4, 3, 2, 1}, {0, 1, 2, 3, 2, 1, 2, 1}};
  const auto& chords = dice.pick(kChords);
  const auto& figure = dice.pick(kFigures);
  const char* const patterns[] = {"x-------x---x---", "x-----x-x-------", "x---x---x---x---", "x-x-x-x-x-------",
                                  "x---------------"};
  const int root = in_octave(c.key, 48), pace = dice.chance(0.4f) ? 1 : 2, swell = 2 + dice.below(3);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int degree = chords[bar % 4];
    const float level = 0.45f + 0.55f * std::abs(static_cast<float>(bar % (2 * swell) - swell)) / static_cast<float>(swell);
    for (int i = 0; i < 16 / pace; ++i)
      c.note(broken, bar, i * pace, pace * 1.5, root + semitones(scale, degree + 2 * figure[i % 8]),
             level * (i % 4 == 0 ? 1.0f : 0.8f));
    c.note(low, bar, 0, 16, root - 12 + semitones(scale, degree), 0.8f * level);
    if (dice.chance(0.5f)) c.note(low, bar, 0, 16, root + semitones(scale, degree + 2), 0.5f * level);
    if (!dice.chance(0.12f)) c.play_tune(tune, bar, c.tune(dice.pick(patterns), 8, 1), scale, root + 12, level, 0, 0, 1.02f);
  }
  return c.song;
}

Song country(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(88, 136), .swing = dice.range(0.5f, 0.55f), .loose = 0.007f});
  const int bass = c.add_part(string_bass(dice), 0.9f), strum = c.add_part(steel_guitar(dice), 0.35f);
  const int roll = c.add_part(dice.chance(0.6f) ? banjo(dice) : steel_guitar(dice), 0.6f);
  Timbre slider = dice.chance(0.6f) ? strings(dice) : lead(dice);
  slider.attack = 0.03f;
  const int slide = c.add_part(slider, 0.45f);
  constexpr int kChords[][4] = {{0, 5, 7, 0}, {0, 0, 5, 7}, {0, 7, 5, 0}, {0, 5, 0, 7}};
  constexpr int kRolls[][8] = {{0, 2, 4, 1, 2, 4, 0, 4}, {0, 4, 2, 0, 4, 2, 0, 4}, {4, 2, 1, 4, 2, 1, 4, 2}};
  const auto& chords = dice.pick(kChords);
  const auto& figure = dice.pick(kRolls);
  const int root = in_octave(c.key, 43);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = root + chords[bar % 4];
    for (int half = 0; half < 2; ++half) {  // boom, chick
      c.note(bass, bar, 8 * half, 3, chord - (half == 0 ? 12 : 17), 1);
      c.chord(strum, bar, 8 * half + 4, 1.5, {chord + 12, chord + 16, chord + 19}, 1, 0.012f);
    }
    if (dice.chance(0.25f)) c.note(bass, bar, 14, 2, chord - 10, 0.7f);
    for (int i = 0; i < 16; ++i) {
      if (!dice.chance(0.06f))
        c.note(roll, bar, i, 1.3, chord + 12 + semitones(scales::kMajorPenta, figure[i % 8]), i % 4 == 0 ? 1 : 0.7f);
    }
    if (bar % 2 == 0 || dice.chance(0.3f))
      c.play_tune(slide, bar, c.tune(dice.chance(0.5f) ? "x-------x-------" : "....x-----x-----", 6, 2), scales::kMajorPenta,
                  root + 24, 1, 0.8f, -3);
    c.drums(Drum::brush, bar, "o.,.x.,.o.,.x.,.", 0.8f);
    c.drums(Drum::kick, bar, "x.......x.......", 0.8f);
    if (dice.chance(0.4f)) c.drums(Drum::rim, bar, "....x.......x...", 0.6f);
  }
  return c.song;
}

Song jazz(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(116, 216), .swing = dice.range(0.6f, 0.68f), .loose = 0.01f});
  const int bass = c.add_part(string_bass(dice), 0.9f);
  const int comp = c.add_part(dice.chance(0.5f)   ? piano(dice)
                              : dice.chance(0.5f) ? electric_piano(dice)
                                                  : nylon_guitar(dice),
                              0.4f);
  Timbre horn = dice.chance(0.5f) ? brass(dice) : dice.chance(0.5f) ? flute(dice) : bell(dice);
  const int solo = c.add_part(horn, 0.6f);
  constexpr int kRoots[][4] = {{2, 7, 0, 0}, {2, 7, 0, 9}, {4, 9, 2, 7}, {0, 9, 2, 7}};
  const auto& roots = dice.pick(kRoots);
  const int root = in_octave(c.key, 40);
  const char* const patterns[] = {"x.x.x.x.x.x.x---", "..x.x.x.x.x.x.x.", "x---..x.x.x.x-..", "....x.xxx.x.x...",
                                  "x.x.x---........"};
  const char* const comps[] = {"......x.......x.", "x-....x-........", "..x.......x-....", "......x-........",
                               "x...........x-.."};
  int line = root - 12;
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = roots[bar % 4], next = roots[(bar + 1) % 4];
    const bool is_minor = chord == 2 || chord == 9 || chord == 4;
    const int third = is_minor ? 3 : 4, seventh = chord == 0 ? 11 : 10;
    for (int beat = 0; beat < 4; ++beat) {  // walking bass; the last note leads by a semitone into the next chord
      const int tones[] = {0, third, 7, 9};
      int target = root + chord + (beat == 0 ? 0 : beat == 3 ? next - chord + (dice.chance(0.5f) ? 1 : -1) : dice.pick(tones));
      line = in_octave(target, 31);
      c.note(bass, bar, 4 * beat, 3.6, line, beat % 2 ? 1 : 0.85f);
    }
    const int low = in_octave(root + chord + third, 52);
    const std::string_view pattern = dice.pick(comps);
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] == 'x')
        c.chord(comp, bar, static_cast<double>(i), dice.range(0.8f, 3),
                {low, low + seventh - third, low + 14 - third, low + 21 - third}, 0.9f);
    }
    constexpr int kChromatic[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    const bool runs = dice.chance(0.45f);
    if (!dice.chance(0.2f))
      c.play_tune(solo, bar, c.tune(dice.pick(patterns), runs ? 19 : 12, runs ? 2 : 3),
                  runs ? Scale(kChromatic) : Scale(scales::kDorian), in_octave(root + chord, 60), 1, 0.15f, -1, 0.9f);
    c.drums(Drum::ride, bar, dice.chance(0.8f) ? "x...x.o.x...x.o." : "x...x...x...x.o.", 0.6f);
    c.drums(Drum::hat, bar, "....x.......x...", 0.6f);
    c.drums(Drum::brush, bar, "..,...,,..o...,.", 0.7f, 0.6f);
    c.drums(Drum::kick, bar, "o.............o.", 0.5f, 0.6f);
  }
  return c.song;
}

Song reggae(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(64, 96), .swing = dice.range(0.5f, 0.58f), .loose = 0.008f});
  const int skank = c.add_part(dice.chance(0.5f) ? banjo(dice) : organ(dice), 0.7f);
  Timbre bubbling = organ(dice);
  bubbling.bright = 0.4f;
  const int bubble = c.add_part(dice.chance(0.5f) ? bubbling : electric_piano(dice), 0.3f);
  const int bass = c.add_part(dice.chance(0.5f) ? string_bass(dice) : sub_bass(dice), 1.1f);
  const int tune = c.add_part(dice.chance(0.5f) ? brass(dice) : flute(dice), 0.4f);
  const bool is_minor = dice.chance(0.5f);
  constexpr int kChords[][4] = {{0, 0, 5, 5}, {0, 5, 0, 7}, {0, 10, 0, 10}, {0, 5, 7, 5}};
  const auto& chords = dice.pick(kChords);
  const char* const lines[] = {"..x-x-..x---x---", "x---..x-x-....x-", "....x-x-..x-x---", "x--x--x-....x---"};
  const Composer::Tune line = c.tune(dice.pick(lines), 5, 2);
  const int root = in_octave(c.key, 40), third = is_minor ? 3 : 4, drop = dice.below(3);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = root + chords[bar % 4], place = in_octave(chord, 55);
    for (const int step : {2, 6, 10, 14}) {
      c.chord(skank, bar, step, 0.7, {place, place + third, place + 7, place + 12}, 1, 0.004f);
      c.chord(bubble, bar, step - 1, 0.6, {place - 12 + third, place - 5}, 0.6f);
      c.chord(bubble, bar, step + 1, 0.6, {place - 12 + third, place - 5}, 0.6f);
    }
    c.play_tune(bass, bar, line, scales::kMinorPenta, chord - 12, 1, 0, 0, 0.8f);
    if (bar % 4 == 3 && dice.chance(0.7f))
      c.play_tune(tune, bar, c.tune("x---..x-x-------", 5, 1), scales::kMinorPenta, root + 24, 0.9f);
    c.drums(Drum::kick, bar, drop == 2 ? "x.......x......." : "........x.......");  // steppers or one drop
    c.drums(Drum::rim, bar, drop == 0 ? "........x......." : "........x.....,.", 0.9f);
    c.drums(Drum::hat, bar, "x.o.x.o.x.o.x.ox", 0.45f, 0.08f);
    if (bar % 4 == 3) c.drums(Drum::tom, bar, "..........o.x.xx", 0.7f, 0.3f);
  }
  return c.song;
}

}  // namespace cudenza::synth
