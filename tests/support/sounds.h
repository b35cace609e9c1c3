/// Sound files of a test's own making.
#pragma once
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cudenza::testing {

/// Values of libsndfile's SF_FORMAT_…, so that its header stays in one place.
namespace sound {
constexpr int kWav = 0x010000, kAu = 0x030000, kFlac = 0x170000, kOgg = 0x200000, kMp3 = 0x230000, kAiff = 0x020000;
constexpr int kPcm8 = 0x01, kPcm16 = 0x02, kPcm24 = 0x03, kPcm32 = 0x04, kPcmU8 = 0x05, kFloat = 0x06, kDouble = 0x07;
constexpr int kRf64 = 0x220000, kW64 = 0x0b0000, kCaf = 0x180000;
constexpr int kVorbis = 0x60, kOpus = 0x64, kLayer3 = 0x82;
}  // namespace sound

/// x[i] = amplitude sin(2 pi hz i / rate).
inline std::vector<float> sine(double hz, int rate, double seconds, double amplitude = 0.5) {
  std::vector<float> x(static_cast<size_t>(std::lround(seconds * rate)));
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(amplitude * std::sin(2 * M_PI * hz * static_cast<double>(i) / rate));
  return x;
}

/// Writes interleaved samples by libsndfile. Returns whether it can write this format.
bool write_sound(const std::filesystem::path&, int format, int rate, int channels, const std::vector<float>& interleaved);

/// Writes an mp3 of variable bit rate that does not say how long it is (no Xing header). Returns whether that can be done here.
bool write_mp3_without_length(const std::filesystem::path&, int rate, const std::vector<float>& mono);

/// The same, of constant bit rate.
bool write_mp3_of_constant_rate(const std::filesystem::path&, int rate, const std::vector<float>& mono);

/// `text` with `number` at `at`, in four bytes.
std::string with_little_endian(std::string text, size_t at, uint32_t number);
std::string with_big_endian(std::string text, size_t at, uint32_t number);

/// A wav file of 16-bit mono: what most tests need.
inline void write_wav(const std::filesystem::path& path, int rate, const std::vector<float>& x) {
  write_sound(path, sound::kWav | sound::kPcm16, rate, 1, x);
}

}  // namespace cudenza::testing
