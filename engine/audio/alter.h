/// What happens to a recording on its way to a listener, as functions of its samples: level, bandwidth, noise. (Tempo:
/// time_stretch.h. Coding: mp3_codec.h.) Samples are mono, full scale 1, and may go beyond it: nothing is clipped.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cudenza {

/// y = 10^(decibels / 20) x.
std::vector<float> with_gain(std::span<const float> x, double decibels);

/// A linear-phase low-pass as scipy.signal.firwin(n, hz, window=("kaiser", beta), fs=rate) makes it:
///   h[i] ~ kaiser(i; beta) sin(2 pi f m) / (pi m),  m = i - (n-1)/2,  f = hz / rate,  sum h = 1.
/// n and beta give 80 dB beyond a transition of hz / 10 (Kaiser's formulas): what lies below 0.95 hz passes within 0.001 dB,
/// hz itself is halved. n is odd; {1} if hz is half the rate or more. Throws UsageError unless both are positive.
std::vector<double> low_pass_taps(double hz, int rate);
/// y[i] = sum over m of h[m] x[i - m]: the low-pass without its delay, as long as x, which is silent before and after.
std::vector<float> low_pass(std::span<const float> x, double hz, int rate);

/// y = x + s N(0, 1), s^2 = mean(x^2) / 10^(decibels / 10): white noise at a ratio of signal to noise. The numbers depend on the
/// seed and on what x holds.
std::vector<float> with_white_noise(std::span<const float> x, double decibels, uint64_t seed);

}  // namespace cudenza
