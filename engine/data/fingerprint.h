/// What a sound sounds like, in numbers that survive another format, rate, level or beginning: to find the same recording
/// twice (Haitsma and Kalker, A highly robust audio fingerprinting system, ISMIR 2002).
///
/// Every 12 ms a window of 0.4 s gives 32 bits: whether the difference of neighbouring bands between 300 and 2000 Hz grew or
/// fell since the window before. Of one recording decoded twice most bits agree; of two recordings half do.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace cudenza {

struct Fingerprint {
  std::vector<uint32_t> words;   ///< one a frame
  std::vector<uint8_t> audible;  ///< whether the frame holds enough to go by

  static constexpr double kSecondsPerFrame = 0.012, kWindowSeconds = 0.4;
  double seconds() const { return static_cast<double>(words.size()) * kSecondsPerFrame; }
};

/// In little memory, however long the file. Of a damaged file all that can be decoded; empty if there is nothing, or less than
/// a window.
Fingerprint fingerprint_of(const std::filesystem::path&);

/// Two sounds that share a stretch.
struct SoundMatch {
  int a = 0, b = 0;                       ///< a < b
  double seconds = 0;                     ///< that they share
  double offset = 0;                      ///< seconds into a at which b begins (negative: a begins in b)
  double coverage_a = 0, coverage_b = 0;  ///< the share of each that is shared, at most 1
  double differing = 0;                   ///< of the bits of the shared stretch: 0 is the same file, 0.5 chance
};

/// All pairs that share at least 3 s, or 90 % of the shorter one but no less than 1.2 s, as windows begin: a sound under 1.6 s
/// is like nothing.
std::vector<SoundMatch> find_matches(std::span<const Fingerprint>);

}  // namespace cudenza
