/// Disco, hip-hop, metal, pop and rock.
#include "engine/data/synth/genres.h"

namespace cudenza::synth {

Song disco(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(108, 132), .loose = 0.003f});
  const int bass = c.add_part(dice.chance(0.5f) ? synth_bass(dice) : string_bass(dice), 0.9f);
  const int bow = c.add_part(strings(dice), 0.45f);
  const int chop = c.add_part(dice.chance(0.5f) ? banjo(dice) : electric_piano(dice), 0.45f);
  const int horns = c.add_part(brass(dice), 0.4f);
  constexpr int kChords[][4] = {{0, 0, 5, 5}, {0, 10, 8, 10}, {0, 5, 10, 3}, {0, 0, 10, 10}};
  const auto& chords = dice.pick(kChords);
  const int root = in_octave(c.key, 40);
  const char* const chops[] = {"..xx.x....xx.x..", "x..x..x...x..x..", ".xx..x.x.xx..x.x", "..x.x.xx..x.x.xx"};
  const std::string_view chopping = dice.pick(chops);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = root + chords[bar / 2 % 4], place = in_octave(chord, 55);
    for (int step = 0; step < 16; step += 2)
      c.note(bass, bar, step, 1.5, chord - 12 + (step % 4 == 2 ? 12 : 0), step % 4 == 0 ? 1 : 0.85f);
    for (size_t i = 0; i < chopping.size(); ++i) {
      if (chopping[i] == 'x') c.chord(chop, bar, static_cast<double>(i), 0.6, {place, place + 3, place + 7, place + 10}, 0.8f);
    }
    if (bar % 2 == 0) c.chord(bow, bar, 0, 28, {place + 12, place + 15, place + 19}, 0.8f);
    else c.play_tune(bow, bar, c.tune("..x-x-x-x-x-x---", 8, 1), scales::kDorian, place + 12, 1, 0.2f, -1);
    if (bar % 4 == 3)
      c.chord(horns, bar, 10, 1, {place, place + 3, place + 7}), c.chord(horns, bar, 13, 2, {place, place + 3, place + 7});
    c.drums(Drum::kick, bar, "x...x...x...x...");
    c.drums(Drum::open_hat, bar, "..x...x...x...x.", 0.7f);
    c.drums(Drum::hat, bar, "x..,x..,x..,x..,", 0.45f);
    c.drums(dice.chance(0.5f) ? Drum::clap : Drum::snare, bar, "....x.......x...", 0.9f);
  }
  return c.song;
}

Song hiphop(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(74, 104), .swing16 = dice.range(0.54f, 0.64f), .loose = 0.006f});
  const int loop = c.add_part(dice.chance(0.5f) ? electric_piano(dice) : dice.chance(0.5f) ? bell(dice) : piano(dice), 0.45f);
  const int sub = c.add_part(sub_bass(dice), 1.1f);
  const int stab = c.add_part(dice.chance(0.5f) ? strings(dice) : lead(dice), 0.3f);
  const char* const kicks[] = {"x..x..x...x.....", "x.....x..xx.....", "x..x....x.x..x..", "x......x.xx....."};
  const char* const loops[] = {"x.....x...x.....", "x---....x--x....", "..x.x...x.x.....", "x-----x-..x.x..."};
  const std::string_view kick = dice.pick(kicks);
  const Composer::Tune figure = c.tune(dice.pick(loops), 7, 3), answer = c.tune(dice.pick(loops), 7, 3);
  const int root = in_octave(c.key, 40), fall = dice.chance(0.5f) ? -2 : -4;
  const bool rolls = dice.chance(0.5f);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = bar % 2 == 0 ? 0 : fall;
    c.play_tune(loop, bar, bar % 2 == 0 ? figure : answer, scales::kMinor, root + 24, 1, 0, 0,
                1.2f);  // the same two bars throughout
    if (bar % 2 == 0) c.chord(loop, bar, 0, 7, {root + 12, root + 15, root + 19, root + 22}, 0.6f);
    else c.chord(loop, bar, 0, 7, {root + 12 + chord, root + 15 + chord, root + 19 + chord}, 0.6f);
    for (size_t i = 0; i < kick.size(); ++i) {
      if (kick[i] == 'x')
        c.note(sub, bar, static_cast<double>(i), i == 0 ? 3.5 : 2, root - 12 + chord, 1, dice.chance(0.3f) ? 7 : 0);
    }
    c.drums(Drum::kick, bar, kick);
    c.drums(dice.chance(0.7f) ? Drum::snare : Drum::clap, bar, bar % 4 == 3 ? "....x..,.,..x..," : "....x.......x...");
    c.drums(Drum::hat, bar, rolls && bar % 2 == 1 ? "x.o.x.oox.o.xooo" : "x.o.x.o,x.o,x.o.", 0.5f);
    if (bar % 8 == 7) c.chord(stab, bar, 8, 6, {root + 24, root + 27, root + 31}, 1);
  }
  return c.song;
}

Song metal(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(104, 184), .loose = 0.002f});
  Timbre muted = power_guitar(dice);
  muted.decay = dice.range(0.12f, 0.3f);
  const int chug = c.add_part(muted, 0.8f), ring = c.add_part(power_guitar(dice), 0.5f);
  const int bass = c.add_part(string_bass(dice), 0.7f),
            solo = c.add_part(dice.chance(0.6f) ? power_guitar(dice) : lead(dice), 0.45f);
  const char* const riffs[] = {"x.xxx.xxx.xxx.xx", "xxxx.xxxxxxx.xxx", "x.xx.xx.x.xx.xx.", "xxx.xxx.xxx.xxxx"};
  const std::string_view riff = dice.pick(riffs);
  const int root = in_octave(c.key, 33), accents = 2 + dice.below(3);
  int moves[4];
  for (int& move : moves) move = semitones(scales::kPhrygian, dice.below(6));
  const bool double_kick = dice.chance(0.6f);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const bool chorus = bar / 4 % 3 == 2;
    for (size_t i = 0; i < riff.size(); ++i) {
      const int step = static_cast<int>(i);
      const int pitch = root + (step >= 16 - accents ? moves[bar % 4] + 12 : step / 8 == 1 ? moves[(bar + 1) % 4] : 0);
      if (riff[i] != 'x') continue;
      if (!chorus) c.chord(chug, bar, step, 0.8, {pitch, pitch + 7}, step % 4 == 0 ? 1 : 0.8f);
      c.note(bass, bar, step, 0.8, pitch, 0.8f);
    }
    if (chorus) c.chord(ring, bar, 0, 15, {root + moves[bar % 4], root + moves[bar % 4] + 7, root + moves[bar % 4] + 12});
    if (bar / 2 % 4 == 3)
      c.play_tune(solo, bar, c.tune("xxxxxxxxxxxxxxxx", 12, 2), scales::kHarmonicMinor, root + 36, 0.9f, 0.1f, -1);
    c.drums(Drum::kick, bar, double_kick || chorus ? "xoxoxoxoxoxoxoxo" : riff, 0.8f);
    c.drums(Drum::snare, bar, chorus ? "x...x...x...x..." : "....x.......x...");
    c.drums(dice.chance(0.5f) ? Drum::open_hat : Drum::ride, bar, "x...x...x...x...", 0.5f);
    if (bar % 4 == 0) c.drums(Drum::crash, bar, "x...............", 0.8f);
    if (bar % 4 == 3) c.drums(Drum::tom, bar, "............xxxx", 0.9f);
  }
  return c.song;
}

Song pop(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(92, 128), .loose = 0.003f});
  const int held = c.add_part(pad(dice), 0.35f), arpeggio = c.add_part(dice.chance(0.5f) ? lead(dice) : bell(dice), 0.35f);
  const int bass = c.add_part(synth_bass(dice), 0.9f), voice = c.add_part(dice.chance(0.5f) ? flute(dice) : lead(dice), 0.6f);
  constexpr int kChords[][4] = {{0, 4, 5, 3}, {5, 3, 0, 4}, {0, 5, 3, 4}, {3, 0, 4, 5}};
  constexpr int kFigures[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 1, 3}, {0, 3, 1, 3}};
  const auto& chords = dice.pick(kChords);
  const auto& figure = dice.pick(kFigures);
  const int root = in_octave(c.key, 48);
  const Composer::Tune hook = c.tune("x-x-..x-x---x-..", 6, 1), turn = c.tune("..x-x-x---x-....", 6, 1);
  const auto pitch = [&](int step) { return root + semitones(scales::kMajor, step); };
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int degree = chords[bar % 4];
    for (int beat = 0; beat < 4; ++beat)  // side-chain effect: the kick mutes the pad, which returns after each beat
      c.chord(held, bar, 4 * beat + 1.2, 2.6, {pitch(degree), pitch(degree + 2), pitch(degree + 4), pitch(degree + 7)}, 0.8f);
    for (int i = 0; i < 16; ++i)
      c.note(arpeggio, bar, i, 0.9, 12 + pitch(degree + 2 * figure[i % 4] % 8), i % 4 == 0 ? 0.9f : 0.65f);
    const std::string_view line = bar % 2 == 0 ? "x--x--x-x--x--x-" : "x--x--x---x-x-x-";
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == 'x') c.note(bass, bar, static_cast<double>(i), 1.8, in_octave(pitch(degree), 33), 0.9f);
    }
    if (bar / 4 % 4 != 3) c.play_tune(voice, bar, bar % 2 == 0 ? hook : turn, scales::kMajor, root + 12, 1, 0.25f, -1);
    c.drums(Drum::kick, bar, bar / 8 % 2 == 0 ? "x.....x.x......." : "x...x...x...x...");
    c.drums(Drum::clap, bar, "....x.......x...");
    c.drums(Drum::shaker, bar, "o,x,o,x,o,x,o,x,", 0.6f);
  }
  return c.song;
}

Song rock(Dice& dice, double seconds) {
  Composer c(dice, seconds, {.bpm = dice.range(100, 160), .loose = 0.007f});
  const int rhythm = c.add_part(power_guitar(dice), 0.7f), bass = c.add_part(string_bass(dice), 0.9f);
  const int jangle = c.add_part(steel_guitar(dice), 0.3f),
            solo = c.add_part(dice.chance(0.7f) ? power_guitar(dice) : organ(dice), 0.45f);
  constexpr int kChords[][4] = {{0, 10, 5, 0}, {0, 5, 10, 5}, {0, 0, 10, 5}, {0, 7, 5, 10}};
  const auto& chords = dice.pick(kChords);
  const char* const strums[] = {"x-----x-----x---", "x---x-x---x-x---", "x-----x-x-----x-", "x-----------x-x-"};
  const std::string_view strum = dice.pick(strums);
  const char* const kicks[] = {"x.......x.x.....", "x.....x.x.......", "x.x.....x.x....."};
  const std::string_view kick = dice.pick(kicks);
  const int root = in_octave(c.key, 38);
  for (int bar = 0; bar < c.bars(); ++bar) {
    const int chord = in_octave(root + chords[bar % 4], 36);
    for (size_t i = 0; i < strum.size(); ++i) {
      size_t end = i + 1;
      while (end < strum.size() && strum[end] == '-') ++end;
      if (strum[i] == 'x')
        c.chord(rhythm, bar, static_cast<double>(i), static_cast<double>(end - i) * 0.97, {chord + 12, chord + 19, chord + 24}, 1,
                0.006f);
    }
    for (int step = 0; step < 16; step += 2) {
      c.note(bass, bar, step, 1.9, chord, step % 8 == 0 ? 1 : 0.85f);
      c.note(jangle, bar, step, 3, chord + 24 + (step % 4 == 0 ? 0 : step % 8 == 2 ? 7 : 4), 0.7f);
    }
    if (bar / 4 % 3 == 2)
      c.play_tune(solo, bar, c.tune("x---x-x-x-------", 8, 2), scales::kMinorPenta, root + 24, 0.9f, 0.4f, -2);
    c.drums(Drum::kick, bar, kick);
    c.drums(Drum::snare, bar, "....x.......x...");
    c.drums(bar / 8 % 2 == 0 ? Drum::hat : Drum::open_hat, bar, "x.o.x.o.x.o.x.o.", 0.6f);
    if (bar % 4 == 0) c.drums(Drum::crash, bar, "x...............", 0.7f);
    if (bar % 4 == 3) c.drums(Drum::tom, bar, "............x.xx", 0.8f, 0.2f);
  }
  return c.song;
}

}  // namespace cudenza::synth
