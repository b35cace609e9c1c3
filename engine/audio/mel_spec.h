/// What a log-mel spectrogram is made with.
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
  int n_fft = 2048;         ///< samples a frame; even, with no prime factor above 5
  int win_length = 0;       ///< periodic Hann window, in the frame's middle; 0: n_fft
  int hop = 512;            ///< samples from frame to frame
  bool centre = true;       ///< frame f has its middle at f·hop; the clip is mirrored at its ends
  int power = 2;            ///< 2: squared magnitudes, 1: magnitudes
  int n_mels = 128;
  double fmin = 0;  ///< Hz
  double fmax = 0;  ///< Hz; 0: sample_rate / 2
  MelScale scale = MelScale::slaney;
  MelNorm norm = MelNorm::slaney;
  double floor = 1e-10;               ///< decibels are 10 log10(max(p, floor))
  std::optional<double> top_db = 80;  ///< nothing is lower than this below the clip's maximum
  bool standardise_wave = false;      ///< (x - mean) / std over each clip, before everything else

  bool operator==(const MelSpec&) const = default;

  /// "seed" (the study's, with librosa's conventions: what the members' defaults say) or "torchaudio" (fastaudio's
  /// defaults: HTK scale, no norm, n_fft 400, hop 200, no top_db). Throws UsageError naming the choices.
  static MelSpec preset(std::string_view name);
  /// Throws UsageError that names the value and the remedy if no spectrogram can be made so.
  void check() const;

  /// Whether values more than 90 dB below a clip's maximum are kept. Float transforms put rounding noise there (a tenth of a
  /// dB at 110 dB below), so the CPU then computes in double; a GPU stays with float.
  bool is_deep() const { return !top_db || *top_db > 90; }
  int pad() const { return centre ? n_fft / 2 : 0; }
  int bins() const { return n_fft / 2 + 1; }
  double highest() const { return fmax > 0 ? fmax : sample_rate / 2.0; }
  /// The fewest samples a clip may have.
  int64_t least_samples() const { return centre ? n_fft / 2 + 1 : n_fft; }
  /// Frames of a clip. Throws UsageError if it is too short for one.
  int64_t frames(int64_t samples) const;
};

/// Where a frequency lies among the mel bands: b in the middle of band b, between whole numbers between two middles.
double mel_band_at(const MelSpec&, double hertz);
/// The window of a frame, [n_fft].
std::vector<double> hann_window(const MelSpec&);
/// The mel filters, [n_mels, bins]: triangles between neighbouring points equally spaced on the mel scale.
std::vector<double> mel_filter_bank(const MelSpec&);

}  // namespace cudenza
