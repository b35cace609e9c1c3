#include "engine/data/synth/drums.h"

#include <algorithm>

#include "engine/data/synth/tones.h"

namespace cudenza::synth {
namespace {

constexpr float kRate = kSampleRate;

using Sound = std::vector<float>;

/// A sound of `seconds`: wave(time) for each sample.
template <class Wave> Sound sound_of(float seconds, Wave&& wave) {
  Sound sound(static_cast<size_t>(seconds * kRate));
  for (size_t i = 0; i < sound.size(); ++i) {
    const float fade = 1 - static_cast<float>(i) / static_cast<float>(sound.size());
    sound[i] = std::min(1.0f, 8 * fade) * wave(static_cast<float>(i) / kRate);
  }
  return sound;
}

float fading(float time, float seconds) { return std::exp(-time / seconds); }

/// White noise through two resonances in series: noise around a frequency.
class Band {
 public:
  Band(float frequency, float width)
      : r_(std::exp(-3.14159265f * width / kRate)), c_(2 * r_ * std::cos(6.2831853f * frequency / kRate)) {
    gain_ = (1 - r_ * r_);
  }
  float operator()(float x) {
    const float y = gain_ * (x - x2_) + c_ * y1_ - r_ * r_ * y2_;
    x2_ = x1_, x1_ = x, y2_ = y1_, y1_ = y;
    return y;
  }

 private:
  float r_, c_, gain_ = 1, x1_ = 0, x2_ = 0, y1_ = 0, y2_ = 0;
};

Sound kick(Dice& dice) {
  const float low = dice.range(42, 68), high = low * dice.range(3, 7), fall = dice.range(0.015f, 0.04f),
              ring = dice.range(0.08f, 0.2f);
  const float click = dice.range(0, 0.5f);
  Noise noise(dice);
  float phase = 0;
  return sound_of(5 * ring, [&, low, high](float t) {
    phase += (low + (high - low) * fading(t, fall)) / kRate;
    return 1.3f * sine(phase) * fading(t, ring) + click * noise() * fading(t, 0.004f);
  });
}

Sound snare(Dice& dice) {
  const float tone = dice.range(160, 240), ring = dice.range(0.04f, 0.09f), rattle = dice.range(0.05f, 0.13f),
              mix = dice.range(0.5f, 1);
  Band band(dice.range(1800, 4200), 4000);
  Noise noise(dice);
  return sound_of(5 * rattle, [&, tone](float t) {
    const float skin = (sine(tone * t) + 0.6f * sine(1.72f * tone * t)) * fading(t, ring);
    return 0.6f * skin + 1.8f * mix * band(noise()) * fading(t, rattle);
  });
}

/// Six inharmonic square waves and noise, high-passed.
Sound cymbal(Dice& dice, float ring, float ping) {
  const float base = dice.range(300, 480), metal = dice.range(0.3f, 1), edge = dice.range(0.75f, 0.95f);
  constexpr float kRatios[] = {1, 1.34f, 1.79f, 2.1f, 2.53f, 3.16f};
  Noise noise(dice);
  float last = 0, high = 0;
  return sound_of(4.5f * ring, [&, base, ring, ping](float t) {
    float squares = 0;
    for (const float ratio : kRatios) squares += sine(ratio * base * 3.1f * t) > 0 ? 1 : -1;
    const float x = metal * squares / 3 + 0.8f * noise();
    high = edge * (high + x - last);  // first-order high-pass
    last = x;
    return 0.5f * (x - 0.9f * (x - high)) * fading(t, ring) * 0.6f +
           ping * sine(9.7f * base * t) * fading(t, 0.3f * ring + 0.02f);
  });
}

Sound clap(Dice& dice) {
  Band band(dice.range(900, 1700), 900);
  Noise noise(dice);
  const float gap = dice.range(0.008f, 0.014f), ring = dice.range(0.06f, 0.12f);
  return sound_of(5 * ring, [&](float t) {
    const float burst = t < 3 * gap ? fading(std::fmod(t, gap), 0.004f) : 0.8f * fading(t - 3 * gap, ring);
    return 3.2f * band(noise()) * burst;
  });
}

Sound rim(Dice& dice) {
  const float tone = dice.range(700, 1300);
  return sound_of(0.12f, [&, tone](float t) { return (sine(tone * t) + 0.7f * sine(1.9f * tone * t)) * fading(t, 0.012f); });
}

Sound tom(Dice& dice) {
  const float low = dice.range(85, 150);
  float phase = 0;
  return sound_of(0.6f, [&, low](float t) {
    phase += low * (1 + 0.6f * fading(t, 0.04f)) / kRate;
    return 1.1f * sine(phase) * fading(t, 0.13f);
  });
}

/// Noise that swells and falls: a shaker, a brush on a snare.
Sound swish(Dice& dice, float rise, float ring, float frequency) {
  Band band(frequency * dice.range(0.8f, 1.25f), frequency);
  Noise noise(dice);
  return sound_of(rise + 5 * ring,
                  [&, rise, ring](float t) { return 1.4f * band(noise()) * (t < rise ? t / rise : fading(t - rise, ring)); });
}

}  // namespace

DrumKit::DrumKit(Dice& dice) {
  const auto at = [&](Drum drum) -> Sound& { return sounds_[static_cast<size_t>(drum)]; };
  at(Drum::kick) = kick(dice);
  at(Drum::snare) = snare(dice);
  at(Drum::hat) = cymbal(dice, dice.range(0.015f, 0.04f), 0);
  at(Drum::open_hat) = cymbal(dice, dice.range(0.09f, 0.2f), 0);
  at(Drum::ride) = cymbal(dice, dice.range(0.2f, 0.5f), 0.12f);
  at(Drum::crash) = cymbal(dice, dice.range(0.4f, 0.9f), 0);
  at(Drum::clap) = clap(dice);
  at(Drum::rim) = rim(dice);
  at(Drum::tom) = tom(dice);
  at(Drum::shaker) = swish(dice, 0.03f, 0.02f, 5200);
  at(Drum::brush) = swish(dice, 0.05f, 0.07f, 3000);
}

void DrumKit::play(const std::vector<Hit>& hits, float gain, std::span<float> mix) const {
  const int size = static_cast<int>(mix.size());
  for (const Hit& hit : hits) {
    const Sound& sound = sounds_[static_cast<size_t>(hit.drum)];
    const int begin = static_cast<int>(std::floor(hit.start * kSampleRate)),
              end = std::min(static_cast<int>(sound.size()), size - begin);
    const float level = gain * hit.velocity;
    for (int i = std::max(0, -begin); i < end; ++i) mix[static_cast<size_t>(begin + i)] += level * sound[static_cast<size_t>(i)];
  }
}

}  // namespace cudenza::synth
