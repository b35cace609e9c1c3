/// A sound played faster or slower at the same pitch, by a phase vocoder.
#pragma once
#include <span>
#include <vector>

namespace cudenza {

/// Samples of a stretched sound: samples / tempo, rounded (half to even).
size_t stretched_length(size_t samples, double tempo);

/// The sound at `tempo` times its speed: 1.06 is 6 % faster and so shorter. Pitch and rate stay. As librosa's time_stretch (0.10
/// and later) with frames of 2048 samples, a quarter of that from frame to frame. With X[t,k] the transform of frame t, windowed
/// by Hann, and u = t·tempo = i + a (i whole, 0 <= a < 1), frame t of the result is
///   Y[t,k] = ((1-a) |X[i,k]| + a |X[i+1,k]|) e^(i p[t,k]),     p[0,k] = arg X[0,k],
///   p[t+1,k] = p[t,k] + w + wrap(arg X[i+1,k] - arg X[i,k] - w),  w = 2 pi k / 4,  wrap(x) = x - 2 pi round(x / 2 pi):
/// magnitudes between two frames, phases that go on as fast as they did there (Flanagan, Golden, Phase vocoder, 1966). Throws
/// UsageError unless the tempo lies in [0.25, 4].
std::vector<float> time_stretch(std::span<const float> x, double tempo);

}  // namespace cudenza
