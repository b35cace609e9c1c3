/// Audio fingerprints that survive another format, rate, level or start, to find duplicate recordings (Haitsma and Kalker, A
/// highly robust audio fingerprinting system, ISMIR 2002).
///
/// Every 12 ms a window of 0.4 s gives 32 bits: whether the difference of neighbouring bands between 300 and 2000 Hz rose or fell
/// since the previous window. In one recording decoded twice most bits agree; in two recordings half do.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace cudenza {

struct Fingerprint {
  std::vector<uint32_t> words;   ///< one per frame
  std::vector<uint8_t> audible;  ///< whether the frame is loud enough to compare

  static constexpr double kSecondsPerFrame = 0.012, kWindowSeconds = 0.4;
  double seconds() const { return static_cast<double>(words.size()) * kSecondsPerFrame; }
};

/// Uses little memory for files of any length. A damaged file gives what can be decoded; the result is empty for less than a
/// window.
Fingerprint fingerprint_of(const std::filesystem::path&);

/// Two sounds that share a stretch.
struct SoundMatch {
  int a = 0, b = 0;                       ///< a < b
  double seconds = 0;                     ///< shared
  double offset = 0;                      ///< seconds into a at which b begins (negative: a begins in b)
  double coverage_a = 0, coverage_b = 0;  ///< shared part of each, at most 1
  double differing = 0;                   ///< share of differing bits in the shared stretch: 0 same file, 0.5 chance
};

/// All pairs that share at least 3 s, or 90 % of the shorter one but at least 1.2 s, measured by window starts.
/// A sound under 1.6 s matches nothing.
std::vector<SoundMatch> find_matches(std::span<const Fingerprint>);

}  // namespace cudenza
