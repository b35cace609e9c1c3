/// The instruments of composer.h.
#include "engine/data/synth/composer.h"

namespace cudenza::synth {

Timbre steel_guitar(Dice& dice) {
  return {.voice = Voice::pluck, .decay = dice.range(1.2f, 3), .sustain = 1, .release = 0.08f, .bright = dice.range(0.55f, 0.9f)};
}

Timbre nylon_guitar(Dice& dice) {
  return {.voice = Voice::pluck, .decay = dice.range(0.8f, 2), .sustain = 1, .release = 0.1f, .bright = dice.range(0.2f, 0.5f)};
}

Timbre banjo(Dice& dice) {
  return {.voice = Voice::pluck, .decay = dice.range(0.3f, 0.7f), .sustain = 1, .bright = dice.range(0.8f, 1)};
}

Timbre piano(Dice& dice) {
  return {.voice = Voice::pluck, .decay = dice.range(2, 5), .sustain = 1, .release = 0.15f, .bright = dice.range(0.3f, 0.6f)};
}

Timbre electric_piano(Dice& dice) {
  return {.voice = Voice::fm,
          .decay = dice.range(0.6f, 1.5f),
          .sustain = 0.25f,
          .release = 0.15f,
          .ratio = dice.chance(0.5f) ? 1.0f : 14.0f,
          .index = dice.range(0.6f, 1.6f)};
}

Timbre bell(Dice& dice) {
  return {.voice = Voice::fm,
          .decay = dice.range(0.5f, 1.2f),
          .sustain = 0,
          .release = 0.3f,
          .ratio = dice.range(2.7f, 4.3f),
          .index = dice.range(1.5f, 3)};
}

Timbre strings(Dice& dice) {
  return {.voice = Voice::analog,
          .attack = dice.range(0.06f, 0.18f),
          .decay = 1,
          .sustain = 0.9f,
          .release = 0.2f,
          .vibrato = dice.range(0.1f, 0.3f),
          .vibrato_rate = dice.range(5, 6.5f),
          .detune = dice.range(0.05f, 0.15f),
          .cutoff = dice.range(4, 9)};
}

Timbre brass(Dice& dice) {
  return {.voice = Voice::analog,
          .attack = 0.03f,
          .decay = 0.25f,
          .sustain = 0.75f,
          .release = 0.07f,
          .vibrato = dice.range(0, 0.25f),
          .detune = dice.range(0.03f, 0.12f),
          .cutoff = dice.range(3, 5),
          .sweep = dice.range(0.7f, 1.6f)};
}

Timbre organ(Dice& dice) {
  return {.voice = Voice::organ,
          .attack = 0.006f,
          .decay = 0.1f,
          .sustain = 0.95f,
          .release = 0.03f,
          .bright = dice.range(0.45f, 0.85f),
          .tremolo = dice.range(0, 0.4f),
          .tremolo_rate = dice.range(5.5f, 7)};
}

Timbre flute(Dice& dice) {
  return {.voice = Voice::pipe,
          .attack = 0.05f,
          .decay = 0.4f,
          .sustain = 0.85f,
          .release = 0.08f,
          .vibrato = dice.range(0.15f, 0.35f),
          .vibrato_rate = dice.range(4.5f, 6),
          .bright = dice.range(0.3f, 0.9f)};
}

Timbre pad(Dice& dice) {
  return {.voice = Voice::analog,
          .attack = dice.range(0.1f, 0.35f),
          .decay = 1.5f,
          .sustain = 0.9f,
          .release = 0.4f,
          .detune = dice.range(0.12f, 0.3f),
          .cutoff = dice.range(3, 7),
          .sweep = dice.range(-1, 1)};
}

Timbre lead(Dice& dice) {
  return {.voice = Voice::analog,
          .attack = 0.01f,
          .decay = 0.3f,
          .sustain = 0.8f,
          .release = 0.08f,
          .vibrato = dice.range(0, 0.3f),
          .detune = dice.range(0.05f, 0.2f),
          .cutoff = dice.range(5, 12),
          .sweep = dice.range(0, 1.5f)};
}

Timbre power_guitar(Dice& dice) {
  return {.voice = Voice::pluck,
          .decay = dice.range(2, 5),
          .sustain = 1,
          .release = 0.02f,
          .bright = dice.range(0.5f, 0.9f),
          .drive = dice.range(2.5f, 6)};
}

Timbre string_bass(Dice& dice) {
  return {.voice = Voice::pluck, .decay = dice.range(0.8f, 2), .sustain = 1, .release = 0.04f, .bright = dice.range(0.25f, 0.6f)};
}

Timbre synth_bass(Dice& dice) {
  return {.voice = Voice::analog,
          .attack = 0.004f,
          .decay = dice.range(0.1f, 0.3f),
          .sustain = 0.6f,
          .release = 0.03f,
          .detune = dice.range(0.02f, 0.1f),
          .cutoff = dice.range(2, 4),
          .sweep = dice.range(0.5f, 2)};
}

Timbre sub_bass(Dice& dice) {
  return {.voice = Voice::pipe,
          .attack = 0.008f,
          .decay = dice.range(0.6f, 1.5f),
          .sustain = 0.5f,
          .release = 0.06f,
          .bright = dice.range(0.05f, 0.3f)};
}

}  // namespace cudenza::synth
