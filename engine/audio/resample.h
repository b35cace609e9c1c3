/// Sample rate conversion by soxr's high quality (20 bits, linear phase), the filter that librosa.load() takes. It is computed in
/// double precision: in single, soxr's noise at 140 dB below the loudest sound shows where the filter takes that sound away.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cudenza {

/// Samples of a sound of `samples` at another rate: samples * to / from, rounded up as librosa does it. Less than half a sample
/// is none.
int64_t resampled_length(int64_t samples, int from, int to);

/// Converts a sound piece by piece from one rate to another. The result does not depend on how it is cut into pieces.
class Resampler {
 public:
  /// Rates in Hz. Throws UsageError unless both are positive.
  Resampler(int from, int to);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  /// Takes the next samples and appends what is complete to `out`.
  void push(std::span<const double> in, std::vector<double>& out);
  /// Ends the sound: appends the rest, so that resampled_length() samples came out in total.
  void finish(std::vector<double>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Resamples a whole sound at once; floats are rounded once, at the end.
std::vector<double> resample(std::span<const double> in, int from, int to);
std::vector<float> resample(std::span<const float> in, int from, int to);

std::string resampler_version();

}  // namespace cudenza
