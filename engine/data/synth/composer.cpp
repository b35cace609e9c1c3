#include "engine/data/synth/composer.h"

#include <algorithm>
#include <cmath>

namespace cudenza::synth {

int semitones(Scale scale, int step) {
  const int size = static_cast<int>(scale.size());
  const int octave = step >= 0 ? step / size : -((size - 1 - step) / size);
  return 12 * octave + scale[static_cast<size_t>(step - octave * size)];
}

int in_octave(int pitch, int low) { return low + ((pitch - low) % 12 + 12) % 12; }

Composer::Composer(Dice& d, double seconds, const Beat& beat) : dice(d), key(d.below(12)), beat_(beat) {
  song.seconds = seconds;
  const double bar = 16 * step_seconds();
  origin_ = dice.below(4) * bar + dice.uniform() * bar;
  bars_ = static_cast<int>(std::ceil((seconds + origin_) / bar)) + 1;
}

double Composer::at(int bar, double step) const {
  // The second eighth of each beat and the second sixteenth of each eighth come late (swing).
  const double quarters = step / 4, beat = std::floor(quarters), eighths = 2 * (quarters - beat);
  const double eighth = std::min(1.0, std::floor(eighths)), part = eighths - eighth;
  const double late = part < 0.5 ? 2 * part * beat_.swing16 : beat_.swing16 + (2 * part - 1) * (1 - beat_.swing16);
  const double within = eighth == 0 ? late * beat_.swing : beat_.swing + late * (1 - beat_.swing);
  return (4 * bar + beat + within) * 4 * step_seconds() - origin_;
}

int Composer::add_part(const Timbre& timbre, float gain) {
  song.parts.push_back({timbre, gain * dice.ratio(0.8f, 1.25f), {}});
  return static_cast<int>(song.parts.size()) - 1;
}

void Composer::note(int part, int bar, double step, double steps, int pitch, float velocity, float glide) {
  const double start = at(bar, step) + beat_.loose * dice.bell(), length = std::max(0.02, steps * step_seconds());
  if (start > song.seconds || start + length < -1) return;
  song.parts[static_cast<size_t>(part)].notes.push_back(
      {start, length, static_cast<float>(pitch), velocity * (1 + 0.15f * dice.bell()), glide});
}

void Composer::chord(int part, int bar, double step, double steps, std::span<const int> pitches, float velocity, float strum) {
  double delay = 0;
  for (const int pitch : pitches) {
    note(part, bar, step + delay, steps, pitch, velocity);
    delay += strum / step_seconds();
  }
}

void Composer::chord(int part, int bar, double step, double steps, std::initializer_list<int> pitches, float velocity,
                     float strum) {
  chord(part, bar, step, steps, std::span<const int>(pitches.begin(), pitches.size()), velocity, strum);
}

void Composer::drums(Drum drum, int bar, std::string_view pattern, float velocity, float skip) {
  for (size_t step = 0; step < pattern.size(); ++step) {
    const char mark = pattern[step];
    const float level = mark == 'x' ? 1.0f : mark == 'o' ? 0.6f : mark == ',' ? 0.3f : 0.0f;
    if (level == 0 || dice.chance(skip)) continue;
    const double start = at(bar, static_cast<double>(step)) + beat_.loose * dice.bell();
    if (start > song.seconds || start < -2) continue;
    song.hits.push_back({drum, start, velocity * level * (1 + 0.15f * dice.bell())});
  }
}

Composer::Tune Composer::tune(std::string_view pattern, int span, int leap) {
  Tune tune{{}, pattern};
  int step = dice.below(span);
  for (const char mark : pattern) {
    if (mark != 'x') continue;
    tune.steps.push_back(step);
    step += dice.below(2 * leap + 1) - leap;
    if (step < 0 || step >= span) step = dice.below(span);
  }
  return tune;
}

void Composer::play_tune(int part, int bar, const Tune& tune, Scale scale, int root, float velocity, float glide_chance,
                         float glide, float staccato) {
  size_t next = 0;
  for (size_t step = 0; step < tune.pattern.size(); ++step) {
    if (tune.pattern[step] != 'x') continue;
    size_t end = step + 1;
    while (end < tune.pattern.size() && tune.pattern[end] == '-') ++end;
    const float slide = dice.chance(glide_chance) ? glide : 0;
    note(part, bar, static_cast<double>(step), static_cast<double>(end - step) * staccato,
         root + semitones(scale, tune.steps[next++]), velocity, slide);
  }
}

}  // namespace cudenza::synth
