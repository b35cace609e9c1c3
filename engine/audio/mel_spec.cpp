#include "engine/audio/mel_spec.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/name_table.h"
#include "kernels/fft/fft_plan.h"

namespace cudenza {
namespace {

// Slaney's scale: 200/3 Hz per mel up to 1 kHz (15 mels), then 27 mels per factor of 6.4.
constexpr double kHertzPerMel = 200.0 / 3, kBend = 1000, kBendMel = kBend / kHertzPerMel;
const double kLogStep = std::log(6.4) / 27;

double mel_of(double hertz, MelScale scale) {
  if (scale == MelScale::htk) return 2595 * std::log10(1 + hertz / 700);
  return hertz < kBend ? hertz / kHertzPerMel : kBendMel + std::log(hertz / kBend) / kLogStep;
}

double hertz_of(double mel, MelScale scale) {
  if (scale == MelScale::htk) return 700 * (std::pow(10, mel / 2595) - 1);
  return mel < kBendMel ? mel * kHertzPerMel : kBend * std::exp(kLogStep * (mel - kBendMel));
}

/// The n_mels + 2 corners of the triangles, in Hz.
std::vector<double> corners(const MelSpec& spec) {
  const double low = mel_of(spec.fmin, spec.scale), high = mel_of(spec.highest(), spec.scale);
  std::vector<double> hertz;
  for (int i = 0; i < spec.n_mels + 2; ++i) hertz.push_back(hertz_of(low + (high - low) * i / (spec.n_mels + 1), spec.scale));
  return hertz;
}

}  // namespace

MelSpec MelSpec::preset(std::string_view name) {
  if (name == "seed") return {};
  if (name == "torchaudio") {
    return {.n_fft = 400, .hop = 200, .scale = MelScale::htk, .norm = MelNorm::none, .top_db = std::nullopt};
  }
  throw_unknown_name("mel preset", name, std::array<std::string_view, 2>{"seed", "torchaudio"});
}

void MelSpec::check() const {
  require(sample_rate > 0, "mel: the sample rate is {} Hz; it must be positive", sample_rate);
  require(n_fft >= 8 && n_fft <= 1 << 20 && n_fft % 2 == 0 && kernels::fft_supports(n_fft / 2),
          "mel: n_fft is {}; choose an even number from 8 to 2^20 without prime factors other than 2, 3 and 5 (400, 1024, 1200, "
          "2048, …)",
          n_fft);
  require(win_length >= 0 && win_length <= n_fft, "mel: win_length {} does not fit n_fft {}; choose 1 to {}, or 0 for n_fft",
          win_length, n_fft, n_fft);
  require(hop > 0, "mel: the hop is {} samples; it must be positive", hop);
  require(power == 1 || power == 2, "mel: power is {}; choose 1 (magnitudes) or 2 (squared magnitudes)", power);
  require(n_mels > 0 && n_mels <= 1024, "mel: n_mels is {}; choose 1 to 1024", n_mels);
  require(fmin >= 0 && fmin < highest(), "mel: the bands cannot span {} to {} Hz; choose 0 <= fmin < fmax", fmin, highest());
  require(highest() <= sample_rate / 2.0, "mel: fmax is {} Hz, but samples at {} Hz hold nothing above {} Hz", highest(),
          sample_rate, sample_rate / 2.0);
  require(floor >= 1e-30 && std::isfinite(floor), "mel: the floor is {}; choose a power above 1e-30, such as 1e-10", floor);
  require(!top_db || *top_db >= 0, "mel: top_db is {}; choose a positive range, or none", top_db.value_or(0));
}

int64_t MelSpec::frames(int64_t samples) const {
  require(samples >= least_samples(),
          "mel: a clip of {} samples is too short for frames of n_fft {}; it needs {} samples ({:.0f} ms), or a smaller n_fft",
          samples, n_fft, least_samples(), 1000.0 * static_cast<double>(least_samples()) / sample_rate);
  return 1 + (samples + 2 * pad() - n_fft) / hop;
}

double mel_band_at(const MelSpec& spec, double hertz) {
  const double low = mel_of(spec.fmin, spec.scale), high = mel_of(spec.highest(), spec.scale);
  return (mel_of(hertz, spec.scale) - low) / (high - low) * (spec.n_mels + 1) - 1;
}

std::vector<double> hann_window(const MelSpec& spec) {
  const int length = spec.win_length > 0 ? spec.win_length : spec.n_fft, first = (spec.n_fft - length) / 2;
  std::vector<double> window(static_cast<size_t>(spec.n_fft));
  for (int i = 0; i < length; ++i) window[static_cast<size_t>(first + i)] = 0.5 - 0.5 * std::cos(2 * M_PI * i / length);
  return window;
}

std::vector<double> mel_filter_bank(const MelSpec& spec) {
  const std::vector<double> hertz = corners(spec);
  std::vector<double> bank;
  bank.reserve(static_cast<size_t>(spec.n_mels) * static_cast<size_t>(spec.bins()));
  for (size_t b = 0; b < static_cast<size_t>(spec.n_mels); ++b) {
    const double left = hertz[b], middle = hertz[b + 1], right = hertz[b + 2];
    const double height = spec.norm == MelNorm::slaney ? 2 / (right - left) : 1;
    for (int k = 0; k < spec.bins(); ++k) {
      const double f = static_cast<double>(k) * spec.sample_rate / spec.n_fft;
      bank.push_back(height * std::max(0.0, std::min((f - left) / (middle - left), (right - f) / (right - middle))));
    }
  }
  return bank;
}

}  // namespace cudenza
