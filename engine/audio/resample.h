/// Sample rate conversion by soxr at its high quality (20 bits, linear phase), as librosa.load() does it.
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
  void push(std::span<const float> in, std::vector<float>& out);
  /// Ends the sound: appends the rest, so that resampled_length() samples came out in total.
  void finish(std::vector<float>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Resamples a whole sound at once.
std::vector<float> resample(std::span<const float> in, int from, int to);

std::string resampler_version();

}  // namespace cudenza
