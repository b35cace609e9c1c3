#include "engine/audio/time_stretch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/core/error.h"
#include "kernels/fft/fft.h"

namespace cudenza {
namespace {

using Bin = kernels::Complex<double>;

constexpr int kFrame = 2048, kHop = kFrame / 4, kBins = kFrame / 2 + 1;
constexpr int64_t kTogether = 32;  // frames of the result made at once: memory does not grow with the sound
constexpr double kTurn = 2 * std::numbers::pi;

/// Transforms of kFrame real numbers, both ways.
class FrameTransform {
 public:
  FrameTransform()
      : plan_(kernels::make_fft_plan(kFrame / 2, kernels::FftRadix::cpu)),
        twiddles_(kernels::fft_twiddles<double>(plan_)),
        split_(kernels::split_twiddles<double>(kFrame)),
        order_(kernels::fft_order(plan_)) {}

  /// x [count, kFrame] to y [count, kBins].
  void forward(const std::vector<double>& x, std::vector<Bin>& y) const {
    const auto count = static_cast<int64_t>(x.size()) / kFrame;
    y.resize(static_cast<size_t>(count * kBins));
    kernels::rfft_forward(kernels::Cpu{}, {kFrame, plan_, twiddles_.data(), split_.data(), order_.data()}, x.data(), y.data(),
                          count);
  }

  /// The real frames of which y are the transforms. Hartley's transform, Re - Im of Fourier's for real input, is its own
  /// inverse but for a factor kFrame; so the inverse is a forward transform too.
  void inverse(const std::vector<Bin>& y, std::vector<double>& x) const {
    const size_t count = y.size() / kBins;
    std::vector<double> hartley(count * kFrame);
    for (size_t frame = 0; frame < count; ++frame) unfold(y.data() + frame * kBins, hartley.data() + frame * kFrame);
    std::vector<Bin> again;
    forward(hartley, again);
    x.resize(hartley.size());
    for (size_t frame = 0; frame < count; ++frame) unfold(again.data() + frame * kBins, x.data() + frame * kFrame);
    for (double& sample : x) sample /= kFrame;
  }

 private:
  /// From bins 0 … kFrame/2 of Fourier's transform of real numbers to all of Hartley's.
  static void unfold(const Bin* half, double* all) {
    for (int k = 0; k < kBins; ++k) {
      all[k] = half[k].re - half[k].im;
      if (k > 0 && k < kFrame / 2) all[kFrame - k] = half[k].re + half[k].im;
    }
  }

  kernels::FftPlan plan_;
  std::vector<Bin> twiddles_, split_;
  std::vector<int32_t> order_;
};

class Stretcher {
 public:
  Stretcher(std::span<const float> x, double tempo)
      : x_(x), tempo_(tempo), columns_(1 + static_cast<int64_t>(x.size()) / kHop), window_(kFrame), phase_(kBins) {
    for (int i = 0; i < kFrame; ++i) window_[static_cast<size_t>(i)] = 0.5 - 0.5 * std::cos(kTurn * i / kFrame);
  }

  std::vector<float> result() {
    const size_t length = stretched_length(x_.size(), tempo_);
    const auto needed = static_cast<int64_t>((length + kFrame + kHop - 1) / kHop);
    const auto frames = std::min(needed, static_cast<int64_t>(std::ceil(static_cast<double>(columns_) / tempo_)));
    sum_.assign(length, 0), weight_.assign(length, 0);
    for (int64_t begin = 0; begin < frames; begin += kTogether) make_frames(begin, std::min(begin + kTogether, frames));
    std::vector<float> y(length);
    for (size_t i = 0; i < length; ++i) y[i] = static_cast<float>(weight_[i] > kTiny ? sum_[i] / weight_[i] : sum_[i]);
    return y;
  }

 private:
  static constexpr double kTiny = std::numeric_limits<double>::min();  // of the squared windows: no frame reaches there

  /// Transforms of frames begin … end - 1 of the sound, which is silent before and after, as are frames past the last.
  void analyse(int64_t begin, int64_t end) {
    std::vector<double> frames(static_cast<size_t>((end - begin) * kFrame));
    const auto length = static_cast<int64_t>(x_.size());
    for (int64_t t = begin; t < std::min(end, columns_); ++t) {
      double* const frame = frames.data() + (t - begin) * kFrame;
      const int64_t from = t * kHop - kFrame / 2;
      for (int64_t i = std::max<int64_t>(-from, 0); i < std::min<int64_t>(kFrame, length - from); ++i)
        frame[i] = window_[static_cast<size_t>(i)] * static_cast<double>(x_[static_cast<size_t>(from + i)]);
    }
    transform_.forward(frames, spectrum_);
  }

  void make_frames(int64_t begin, int64_t end) {
    const auto column = [&](int64_t t) { return static_cast<int64_t>(static_cast<double>(t) * tempo_); };
    const int64_t first = column(begin);
    analyse(first, column(end - 1) + 2);
    if (begin == 0) {
      for (size_t k = 0; k < kBins; ++k) phase_[k] = angle(spectrum_[k]);
    }
    std::vector<Bin> made(static_cast<size_t>((end - begin) * kBins));
    for (int64_t t = begin; t < end; ++t) {
      const double between = std::fmod(static_cast<double>(t) * tempo_, 1.0);
      make_frame(spectrum_.data() + (column(t) - first) * kBins, between, made.data() + (t - begin) * kBins);
    }
    transform_.inverse(made, samples_);
    for (int64_t t = begin; t < end; ++t) overlap(samples_.data() + (t - begin) * kFrame, t * kHop - kFrame / 2);
  }

  /// The frame a part `between` of the way from the column at `left` to the next; advances the phases.
  void make_frame(const Bin* left, double between, Bin* frame) {
    const Bin* const right = left + kBins;
    for (size_t k = 0; k < kBins; ++k) {
      const double magnitude =
          (1 - between) * std::hypot(left[k].re, left[k].im) + between * std::hypot(right[k].re, right[k].im);
      frame[k] = {magnitude * std::cos(phase_[k]), magnitude * std::sin(phase_[k])};
      const double advance = kTurn * static_cast<double>(k) * kHop / kFrame;
      const double turned = angle(right[k]) - angle(left[k]) - advance;
      phase_[k] = std::remainder(phase_[k] + advance + turned - kTurn * std::nearbyint(turned / kTurn), kTurn);
    }
  }

  static double angle(const Bin& bin) { return std::atan2(bin.im, bin.re); }

  /// Adds a frame, windowed, where it belongs. Sums are divided by those of the squared windows at the end.
  void overlap(const double* frame, int64_t at) {
    const auto length = static_cast<int64_t>(sum_.size());
    for (int64_t i = std::max<int64_t>(-at, 0); i < std::min<int64_t>(kFrame, length - at); ++i) {
      const double w = window_[static_cast<size_t>(i)];
      sum_[static_cast<size_t>(at + i)] += w * frame[i];
      weight_[static_cast<size_t>(at + i)] += w * w;
    }
  }

  std::span<const float> x_;
  double tempo_;
  int64_t columns_;  // frames of the sound
  FrameTransform transform_;
  std::vector<double> window_, phase_, samples_, sum_, weight_;
  std::vector<Bin> spectrum_;
};

}  // namespace

size_t stretched_length(size_t samples, double tempo) {
  return static_cast<size_t>(std::nearbyint(static_cast<double>(samples) / tempo));
}

std::vector<float> time_stretch(std::span<const float> x, double tempo) {
  require(tempo >= 0.25 && tempo <= 4, "time_stretch: a tempo of {} times the sound's own; choose one between 0.25 and 4", tempo);
  return Stretcher(x, tempo).result();
}

}  // namespace cudenza
