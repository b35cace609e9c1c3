#include "engine/data/synth/master.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/audio/mel.h"
#include "engine/data/synth/song.h"
#include "engine/data/synth/tones.h"

namespace cudenza::synth {
namespace {

constexpr float kRate = kSampleRate;
constexpr int kBands = 32, kHalfTaps = 400;
constexpr float kPi = 3.14159265f;

float rms_of(std::span<const float> x) {
  double power = 0;
  for (const float value : x) power += static_cast<double>(value) * value;
  return static_cast<float>(std::sqrt(power / static_cast<double>(std::max<size_t>(x.size(), 1)))) + 1e-9f;
}

/// Four comb filters and two all-passes in series (Schroeder 1962).
void add_room(std::span<float> x, float seconds, float level, float size) {
  constexpr int kCombs[] = {663, 735, 811, 877}, kPasses[] = {113, 37};
  std::vector<float> wet(x.size());
  for (const int comb : kCombs) {
    const size_t length = static_cast<size_t>(static_cast<float>(comb) * size);
    const float loss = std::pow(10.0f, -3 * static_cast<float>(length) / (seconds * kRate));
    std::vector<float> line(length);
    float dull = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      dull = 0.7f * line[at] + 0.3f * dull;
      wet[i] += line[at];
      line[at] = x[i] + loss * dull;
      if (++at == length) at = 0;
    }
  }
  for (const int pass : kPasses) {
    std::vector<float> line(static_cast<size_t>(pass));
    size_t at = 0;
    for (float& value : wet) {
      const float delayed = line[at], in = value + 0.6f * delayed;
      value = delayed - 0.6f * in;
      line[at] = in;
      if (++at == line.size()) at = 0;
    }
  }
  for (size_t i = 0; i < x.size(); ++i) x[i] += 0.25f * level * wet[i];
}

/// Noise under the music, of random colour.
void add_noise(std::span<float> x, Dice& dice) {
  const float level = rms_of(x) * std::pow(10.0f, dice.range(-40, -20) / 20), colour = dice.range(0, 0.9f);
  Noise noise(dice);
  float low = 0;
  for (float& value : x) {
    low = colour * low + (1 - colour) * noise();
    value += level * (1.7f * low + 0.3f * noise());
  }
}

/// Measures the spectrum for the equaliser.
const LogMel& meter() {
  static const LogMel log_mel([] {
    MelSpec spec = MelSpec::preset("seed");
    spec.sample_rate = kSampleRate;
    spec.n_mels = kBands;
    spec.scale = MelScale::htk;
    return spec;
  }());
  return log_mel;
}

struct Curve {
  std::array<float, kBands> db{};
};

/// Mean level of each band: about halfway between the level of its mean power (loud moments) and its mean decibels (what lasts).
Curve levels_of(const Tensor& mel_db) {
  const float* const x = mel_db.data<float>();
  const auto frames = static_cast<size_t>(mel_db.size(2));
  Curve levels;
  for (size_t b = 0; b < kBands; ++b) {
    double db = 0, power = 0;
    for (size_t t = 0; t < frames; ++t) {
      db += x[b * frames + t];
      power += std::pow(10.0, 0.1 * x[b * frames + t]);
    }
    const double count = static_cast<double>(frames);
    levels.db[b] = static_cast<float>(0.55 * db / count + 0.45 * 10 * std::log10(power / count + 1e-12));
  }
  return levels;
}

/// Target curve: a slope and some hills, as from rooms and mixing desks.
Curve wanted(Dice& dice) {
  const float slope = dice.range(-32, 2);
  Curve curve;
  for (size_t b = 0; b < kBands; ++b) curve.db[b] = slope * static_cast<float>(b) / kBands + 7 * dice.bell();
  for (int hill = 0; hill < 8; ++hill) {
    const float height = 22 * dice.bell(), centre = dice.range(0, kBands), width = dice.ratio(1, 10);
    for (size_t b = 0; b < kBands; ++b) {
      const float distance = (static_cast<float>(b) - centre) / width;
      curve.db[b] += height * std::exp(-distance * distance);
    }
  }
  return curve;
}

/// Linear-phase filter for a gain per band: the middle tap and those after it.
std::array<float, kHalfTaps + 1> taps_of(const Curve& gain) {
  constexpr int kPoints = 512;
  std::array<float, kPoints> response;
  const float top = std::log2(1 + kRate / 2 / 700);
  for (int i = 0; i < kPoints; ++i) {
    const float f = (static_cast<float>(i) + 0.5f) / kPoints * kRate / 2;
    const float band = std::clamp(std::log2(1 + f / 700) / top * (kBands + 1) - 1, 0.0f, kBands - 1.001f);
    const size_t low = static_cast<size_t>(band);
    const float part = band - static_cast<float>(low);
    response[static_cast<size_t>(i)] = std::pow(10.0f, ((1 - part) * gain.db[low] + part * gain.db[low + 1]) / 20);
  }
  std::array<float, kHalfTaps + 1> taps;
  for (int n = 0; n <= kHalfTaps; ++n) {
    float sum = 0;
    for (int i = 0; i < kPoints; ++i)
      sum += response[static_cast<size_t>(i)] * sine(static_cast<float>(n * (2 * i + 1) % (4 * kPoints)) / (4 * kPoints) + 0.25f);
    const float window = 0.5f + 0.5f * std::cos(kPi * static_cast<float>(n) / (kHalfTaps + 1));
    taps[static_cast<size_t>(n)] = window * sum / kPoints;
  }
  return taps;
}

std::vector<float> filtered(std::span<const float> x, const std::array<float, kHalfTaps + 1>& taps) {
  std::vector<float> padded(x.size() + 2 * kHalfTaps), y(x.size());
  std::ranges::copy(x, padded.begin() + kHalfTaps);
  const float* const middle = padded.data() + kHalfTaps;
  constexpr size_t kBlock = 2048;  // of results, which stay in the L1 cache during the loop over taps
  for (size_t begin = 0; begin < y.size(); begin += kBlock) {
    const size_t end = std::min(begin + kBlock, y.size());
    for (size_t i = begin; i < end; ++i) y[i] = taps[0] * middle[i];
    for (size_t n = 1; n <= kHalfTaps; ++n) {
      const float tap = taps[n];
      const float* const before = middle - n;
      const float* const after = middle + n;
#pragma omp simd
      for (size_t i = begin; i < end; ++i) y[i] += tap * (before[i] + after[i]);
    }
  }
  return y;
}

std::vector<float> equalised(std::span<const float> x, Dice& dice) {
  std::vector<float> now(x.begin(), x.end());
  Curve goal = wanted(dice), gain{};
  for (int round = 0; round < 2; ++round) {  // the second round corrects for overlap between bands
    const Curve is = levels_of(meter()(Tensor::from(now, {1, static_cast<int64_t>(now.size())})));
    const auto mean = [](const Curve& curve) { return std::accumulate(curve.db.begin(), curve.db.end(), 0.0f) / kBands; };
    const float shift = mean(goal) - mean(is);
    for (size_t b = 0; b < kBands; ++b) gain.db[b] = std::clamp(gain.db[b] + goal.db[b] - is.db[b] - shift, -36.0f, 36.0f);
    now = filtered(x, taps_of(gain));
  }
  return now;
}

}  // namespace

std::vector<int16_t> master(std::span<const float> mix, Dice& dice) {
  std::vector<float> x(mix.begin(), mix.end());
  add_room(x, dice.range(0.3f, 1.6f), dice.range(0.05f, 0.5f), dice.range(0.8f, 1.6f));
  add_noise(x, dice);
  x = equalised(x, dice);
  const float gain = std::pow(10.0f, dice.range(-25, -17) / 20) / rms_of(x);
  std::vector<int16_t> pcm(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    // Linear up to 0.6, then a soft limit below 1.
    const float y = gain * x[i], size = std::abs(y), over = std::max(0.0f, size - 0.6f) / 0.38f;
    const float bent = std::min(size, 0.6f) + 0.38f * over / std::sqrt(1 + over * over);
    pcm[i] = static_cast<int16_t>(std::lround(32767 * std::copysign(bent, y)));
  }
  return pcm;
}

}  // namespace cudenza::synth
