/// Sample rates, by soxr at its high quality (20 bits, linear phase).
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cudenza {

/// Samples that a sound of `samples` has at another rate: samples * to / from, rounded.
int64_t resampled_length(int64_t samples, int from, int to);

/// A sound on its way from one rate to another, piece by piece: how it is cut into pieces makes no difference.
class Resampler {
 public:
  /// Rates in Hz. Throws UsageError unless both are positive.
  Resampler(int from, int to);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  /// Takes the next samples and appends to `out` what they complete.
  void push(std::span<const float> in, std::vector<float>& out);
  /// The sound is over: appends the rest, so that resampled_length() samples came out in all.
  void finish(std::vector<float>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A whole sound at once.
std::vector<float> resample(std::span<const float> in, int from, int to);

std::string resampler_version();

}  // namespace cudenza
