/// Parameters of a log-mel spectrogram.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cudenza {

enum class MelScale {
  slaney,  ///< linear below 1 kHz, logarithmic above (Slaney's Auditory Toolbox; librosa's default)
  htk,     ///< 2595 log10(1 + f / 700)
};

enum class MelNorm {
  none,    ///< triangles of height 1
  slaney,  ///< triangles of area 1 (over Hz), so that white noise is flat
};

struct MelSpec {
  int sample_rate = 44100;  ///< Hz, of the samples
  int n_fft = 2048;         ///< samples per frame; even, with no prime factor above 5
  int win_length = 0;       ///< periodic Hann window, centred in the frame; 0: n_fft
  int hop = 512;            ///< samples from one frame to the next
  bool centre = true;       ///< frame f is centred at f·hop; the clip is reflected at its ends
  int power = 2;            ///< 2: squared magnitudes, 1: magnitudes
  int n_mels = 128;
  double fmin = 0;  ///< Hz
  double fmax = 0;  ///< Hz; 0: sample_rate / 2
  MelScale scale = MelScale::slaney;
  MelNorm norm = MelNorm::slaney;
  double floor = 1e-10;               ///< decibels are 10 log10(max(p, floor))
  std::optional<double> top_db = 80;  ///< values more than this below the clip's maximum are raised
  bool standardise_wave = false;      ///< (x - mean) / std over each clip, before everything else

  bool operator==(const MelSpec&) const = default;

  /// "seed" (the study's: librosa's conventions, the defaults above) or "torchaudio" (fastaudio's defaults: HTK scale, no norm,
  /// n_fft 400, hop 200, no top_db). Throws UsageError naming the choices.
  static MelSpec preset(std::string_view name);
  /// Throws UsageError naming the value and the remedy if these parameters are invalid.
  void check() const;

  /// Whether values more than 90 dB below a clip's maximum are kept. Float FFTs have rounding noise there (0.1 dB at 110 dB
  /// below), so the CPU then computes in double; a GPU stays with float.
  bool is_deep() const { return !top_db || *top_db > 90; }
  int pad() const { return centre ? n_fft / 2 : 0; }
  int bins() const { return n_fft / 2 + 1; }
  double highest() const { return fmax > 0 ? fmax : sample_rate / 2.0; }
  /// Fewest samples of a clip.
  int64_t least_samples() const { return centre ? n_fft / 2 + 1 : n_fft; }
  /// Frames of a clip. Throws UsageError if it is too short for one.
  int64_t frames(int64_t samples) const;
};

/// Position of a frequency among the mel bands: b at the centre of band b, fractional between two centres.
double mel_band_at(const MelSpec&, double hertz);
/// Window of a frame, [n_fft].
std::vector<double> hann_window(const MelSpec&);
/// Mel filters, [n_mels, bins]: triangles between neighbouring points equally spaced on the mel scale.
std::vector<double> mel_filter_bank(const MelSpec&);

}  // namespace cudenza
