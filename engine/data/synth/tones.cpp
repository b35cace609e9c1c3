#include "engine/data/synth/tones.h"

#include <algorithm>
#include <vector>

namespace cudenza::synth {
namespace {

constexpr float kRate = kSampleRate, kPi = 3.14159265f;
constexpr float kGlideSeconds = 0.09f;

/// Factor per sample of an exponential that falls to 1/1000 in `seconds`.
float falling(float seconds) { return std::exp(-6.9f / (std::max(seconds, 1e-3f) * kRate)); }

/// ADSR envelope: linear attack, exponential decay to the held level, linear release.
class Envelope {
 public:
  Envelope(const Timbre& t, double length)
      : rise_(1 / std::max(1.0f, t.attack * kRate)),
        fall_(falling(t.decay)),
        sustain_(t.sustain),
        fade_(1 / std::max(1.0f, t.release * kRate)),
        held_(static_cast<int>(length * kRate)) {}

  int samples() const { return held_ + static_cast<int>(1 / fade_); }
  float operator()() {
    if (attacking_) {
      level_ += rise_;
      attacking_ = level_ < 1;
    } else {
      level_ = sustain_ + (level_ - sustain_) * fall_;
    }
    if (at_++ >= held_) out_ = std::max(0.0f, out_ - fade_);
    return level_ * out_;
  }

 private:
  float rise_, fall_, sustain_, fade_, level_ = 0, out_ = 1;
  int held_, at_ = 0;
  bool attacking_ = true;
};

/// A note's frequency with slides and vibrato, sample by sample, in cycles per sample.
class Pitch {
 public:
  Pitch(const Timbre& t, const Note& note)
      : base_(frequency_of(note.pitch) / kRate),
        slide_(note.glide),
        slide_fall_(falling(2.5f * kGlideSeconds)),
        depth_(t.vibrato),
        turn_(t.vibrato_rate / kRate) {}

  float base() const { return base_; }
  /// Recomputed every kHold samples.
  float operator()() {
    if (at_ % kHold == 0) {
      const float time = static_cast<float>(at_) / kRate, onset = std::min(1.0f, time * 4);  // vibrato starts late
      now_ = base_ * std::exp2((slide_ + depth_ * onset * sine(turn_ * static_cast<float>(at_))) / 12);
      for (int i = 0; i < kHold; ++i) slide_ *= slide_fall_;
    }
    ++at_;
    return now_;
  }

 private:
  static constexpr int kHold = 16;
  float base_, slide_, slide_fall_, depth_, turn_, now_ = 0;
  int at_ = 0;
};

/// Karplus and Strong (1983): noise circulates in a delay line one period long and gets smoother with each round. A round
/// averages two neighbours, (1 - s) x[i] + s x[i-1], which delays by s samples.
class Pluck {
 public:
  Pluck(const Timbre& t, float frequency, Noise& noise)
      : line_(static_cast<size_t>(1.6f / frequency) + 4), blend_(0.5f - 0.42f * t.bright) {
    loss_ = std::pow(10.0f, -3 / (std::max(t.decay, 0.02f) * frequency * kRate));
    const float smooth = 0.75f * (1 - t.bright);
    float mean = 0, low = 0;
    for (float& x : line_) mean += x = low = smooth * low + (1 - smooth) * noise();
    mean /= static_cast<float>(line_.size());
    for (float& x : line_) x = 1.6f * (x - mean);
  }

  float operator()(float frequency) {
    const float delay = std::max(1.0f, 1 / frequency - blend_);
    const float y = (1 - blend_) * tap(delay) + blend_ * tap(delay + 1);
    line_[static_cast<size_t>(write_)] = loss_ * y;
    if (++write_ == static_cast<int>(line_.size())) write_ = 0;
    return y;
  }

 private:
  float tap(float delay) const {
    const int size = static_cast<int>(line_.size()), whole = static_cast<int>(delay);
    const float part = delay - static_cast<float>(whole);
    int near = write_ - whole;
    if (near < 0) near += size;
    if (near < 0) near += size;
    const int far = near == 0 ? size - 1 : near - 1;
    return (1 - part) * line_[static_cast<size_t>(near)] + part * line_[static_cast<size_t>(far)];
  }

  std::vector<float> line_;
  float blend_, loss_ = 1;
  int write_ = 0;
};

/// A sawtooth whose jump is smoothed over two samples (polyBLEP) against aliasing.
class Saw {
 public:
  explicit Saw(float phase) : phase_(phase) {}
  float operator()(float step) {
    phase_ += step;
    phase_ -= std::floor(phase_);
    float y = 2 * phase_ - 1;
    if (phase_ < step) {
      const float t = phase_ / step - 1;
      y += t * t;
    } else if (phase_ > 1 - step) {
      const float t = (phase_ - 1) / step + 1;
      y -= t * t;
    }
    return y;
  }

 private:
  float phase_;
};

/// Second-order low-pass (trapezoidal state variable filter; Zavalishin).
class LowPass {
 public:
  void tune(float frequency) {
    g_ = std::tan(kPi * std::clamp(frequency, 0.001f, 0.42f));
    a_ = 1 / (1 + g_ * (g_ + kDamping));
  }
  float operator()(float x) {
    const float v3 = x - s2_, v1 = a_ * s1_ + g_ * a_ * v3, v2 = s2_ + g_ * v1;
    s1_ = 2 * v1 - s1_, s2_ = 2 * v2 - s2_;
    return v2;
  }

 private:
  static constexpr float kDamping = 1.1f;
  float g_ = 0, a_ = 0, s1_ = 0, s2_ = 0;
};

/// Adds wave(frequency, i) with the envelope for each sample of a note that lies in the mix.
template <class Wave> void add_note(const Timbre& t, const Note& note, float gain, std::span<float> mix, Wave&& wave) {
  Envelope envelope(t, note.length);
  Pitch pitch(t, note);
  const int begin = static_cast<int>(std::floor(note.start * kSampleRate)), size = static_cast<int>(mix.size());
  const int end = std::min(envelope.samples(), size - begin);
  for (int i = 0; i < end; ++i) {
    const float y = gain * note.velocity * envelope() * wave(pitch(), i);
    if (begin + i >= 0) mix[static_cast<size_t>(begin + i)] += y;
  }
}

void play_pluck(const Timbre& t, const Note& note, Dice& dice, std::span<float> mix) {
  Noise noise(dice);
  Pluck string(t, frequency_of(note.pitch + std::min(0.0f, note.glide)) / kRate, noise);
  add_note(t, note, 1, mix, [&](float f, int) { return string(f); });
}

void play_fm(const Timbre& t, const Note& note, std::span<float> mix) {
  float carrier = 0, modulator = 0, bend = t.index * (0.4f + 0.6f * note.velocity) / (2 * kPi);
  const float fall = falling(1.6f * t.decay), floor = bend * 0.25f * t.sustain;
  add_note(t, note, 0.5f, mix, [&](float f, int) {
    carrier += f, modulator += f * t.ratio;
    carrier -= std::floor(carrier), modulator -= std::floor(modulator);
    bend = floor + (bend - floor) * fall;
    return sine(carrier + bend * sine(modulator));
  });
}

void play_analog(const Timbre& t, const Note& note, Dice& dice, std::span<float> mix) {
  Saw low(dice.uniform()), high(dice.uniform());
  LowPass filter;
  const float spread = std::exp2(t.detune / 24), base = frequency_of(note.pitch) / kRate;
  const float fall = std::pow(falling(t.decay), 16.0f);
  float sweep = t.sweep;
  add_note(t, note, 0.35f, mix, [&](float f, int i) {
    if (i % 16 == 0) {
      filter.tune(base * t.cutoff * std::exp2(sweep));
      sweep *= fall;
    }
    return filter(low(f / spread) + high(f * spread));
  });
}

void play_organ(const Timbre& t, const Note& note, std::span<float> mix) {
  constexpr float kRatios[] = {1, 2, 3, 4, 6, 8};
  float level[6], phase = 0;
  for (int k = 0; k < 6; ++k) level[k] = std::pow(t.bright, 0.6f * static_cast<float>(k));
  const float top = 0.45f / frequency_of(note.pitch) * kRate;
  add_note(t, note, 0.3f, mix, [&](float f, int) {
    phase += f;
    phase -= std::floor(phase);
    float y = 0;
    for (int k = 0; k < 6; ++k) y += kRatios[k] < top ? level[k] * sine(kRatios[k] * phase) : 0;
    return y;
  });
}

void play_pipe(const Timbre& t, const Note& note, Dice& dice, std::span<float> mix) {
  Noise noise(dice);
  float phase = 0, breath = 0;
  add_note(t, note, 0.6f, mix, [&](float f, int) {
    phase += f;
    phase -= std::floor(phase);
    breath = 0.6f * breath + 0.4f * noise();
    return sine(phase) + t.bright * (0.35f * sine(2 * phase) + 0.2f * sine(3 * phase) + 0.12f * breath);
  });
}

void play_note(const Timbre& t, const Note& note, Dice& dice, std::span<float> mix) {
  switch (t.voice) {
    case Voice::pluck: return play_pluck(t, note, dice, mix);
    case Voice::fm: return play_fm(t, note, mix);
    case Voice::analog: return play_analog(t, note, dice, mix);
    case Voice::organ: return play_organ(t, note, mix);
    case Voice::pipe: return play_pipe(t, note, dice, mix);
  }
}

/// x / sqrt(1 + x²), like a valve, at twice the part's own level.
void overdrive(std::span<float> part, float drive) {
  double power = 0;
  for (const float x : part) power += static_cast<double>(x) * x;
  const float level = std::sqrt(static_cast<float>(power / static_cast<double>(part.size()))) + 1e-6f;
  const float gain = drive / level;
  for (float& x : part) {
    const float y = gain * x + 0.1f;  // an offset, for even harmonics too
    x = level * (y / std::sqrt(1 + y * y) - 0.0995f);
  }
}

}  // namespace

void play(const Part& part, Dice& dice, std::span<float> mix) {
  std::vector<float> own(mix.size());
  for (const Note& note : part.notes) play_note(part.timbre, note, dice, own);
  if (part.timbre.drive > 0) overdrive(own, part.timbre.drive);
  const float turn = part.timbre.tremolo_rate / kRate, depth = part.timbre.tremolo / 2;
  for (size_t i = 0; i < own.size(); ++i) {
    const float tremolo = depth > 0 ? 1 - depth - depth * sine(turn * static_cast<float>(i)) : 1;
    mix[i] += part.gain * tremolo * own[i];
  }
}

}  // namespace cudenza::synth
