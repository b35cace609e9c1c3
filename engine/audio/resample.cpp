#include "engine/audio/resample.h"

#include <soxr.h>

#include <algorithm>
#include <array>

#include "engine/core/error.h"

namespace cudenza {

int64_t resampled_length(int64_t samples, int from, int to) {
  const __int128 exact = static_cast<__int128>(samples) * to;  // in units of 1/from
  return 2 * exact < from ? 0 : static_cast<int64_t>((exact + from - 1) / from);
}

std::string resampler_version() { return soxr_version(); }

struct Resampler::State {
  int from, to;
  std::unique_ptr<soxr, void (*)(soxr_t)> filter{nullptr, soxr_delete};  // null if the rates are equal
  int64_t in = 0, out = 0;                                               // samples so far

  /// Runs soxr over `samples`; if empty, flushes what it still holds.
  void process(std::span<const double> samples, std::vector<double>& result) {
    std::array<double, 4096> block;
    for (size_t taken = 0, made = 1; made > 0 || taken < samples.size();) {
      size_t used = 0;
      const soxr_error_t error = soxr_process(filter.get(), samples.empty() ? nullptr : samples.data() + taken,
                                              samples.size() - taken, &used, block.data(), block.size(), &made);
      if (error) throw std::runtime_error(fmt::format("soxr: {}", error));
      result.insert(result.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(made));
      taken += used;
    }
  }
};

Resampler::Resampler(int from, int to) : state_(std::make_unique<State>()) {
  require(from > 0 && to > 0, "resample: from {} Hz to {} Hz makes no sense; rates must be positive", from, to);
  state_->from = from;
  state_->to = to;
  if (from == to) return;
  const soxr_io_spec_t doubles = soxr_io_spec(SOXR_FLOAT64_I, SOXR_FLOAT64_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, SOXR_DOUBLE_PRECISION);
  const soxr_runtime_spec_t one_thread = soxr_runtime_spec(1);
  soxr_error_t error = nullptr;
  state_->filter.reset(soxr_create(from, to, 1, &error, &doubles, &quality, &one_thread));
  require(!error, "resample: from {} Hz to {} Hz: soxr says '{}'", from, to, error ? error : "");
}

Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

void Resampler::push(std::span<const double> in, std::vector<double>& out) {
  if (in.empty()) return;
  State& s = *state_;
  const size_t before = out.size();
  s.in += static_cast<int64_t>(in.size());
  if (s.filter) s.process(in, out);
  else out.insert(out.end(), in.begin(), in.end());
  s.out += static_cast<int64_t>(out.size() - before);
}

void Resampler::finish(std::vector<double>& out) {
  State& s = *state_;
  const size_t before = out.size();
  if (s.filter && s.in > 0) s.process({}, out);
  // soxr rounds to nearest: where resampled_length() rounds up, librosa and we end with a zero.
  const int64_t missing = resampled_length(s.in, s.from, s.to) - s.out;
  out.resize(before + static_cast<size_t>(std::max<int64_t>(missing, 0)));
  s.out += static_cast<int64_t>(out.size() - before);
}

std::vector<double> resample(std::span<const double> in, int from, int to) {
  std::vector<double> out;
  Resampler resampler(from, to);
  out.reserve(static_cast<size_t>(resampled_length(static_cast<int64_t>(in.size()), from, to)) + 4096);
  resampler.push(in, out);
  resampler.finish(out);
  return out;
}

std::vector<float> resample(std::span<const float> in, int from, int to) {
  const std::vector<double> out = resample(std::vector<double>(in.begin(), in.end()), from, to);
  return {out.begin(), out.end()};
}

}  // namespace cudenza
