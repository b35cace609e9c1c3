#include "tests/support/sounds.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

namespace cudenza::testing {

namespace {

SNDFILE* open_for_writing(const std::filesystem::path& path, int format, int rate, int channels) {
  SF_INFO info = {};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  return sf_format_check(&info) ? sf_open(path.c_str(), SFM_WRITE, &info) : nullptr;
}

std::vector<int16_t> in_16_bits(const std::vector<float>& x) {
  std::vector<int16_t> pcm;
  for (const float v : x) pcm.push_back(static_cast<int16_t>(std::clamp(std::nearbyint(v * 32768.0f), -32768.0f, 32767.0f)));
  return pcm;
}

/// Takes the first frame of an mp3 away: that is where LAME says how long it is.
void drop_first_mp3_frame(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string all(std::istreambuf_iterator<char>(in), {});
  size_t next = 4;  // the next header, which says the same but for the bit rate
  while (next + 3 < all.size() && (all.compare(next, 2, all, 0, 2) != 0 || ((all[next + 2] ^ all[2]) & 0x0c) != 0)) ++next;
  std::ofstream(path, std::ios::binary) << all.substr(next);
}

bool write_bare_mp3(const std::filesystem::path& path, int rate, const std::vector<float>& mono, int mode) {
  SNDFILE* file = open_for_writing(path, sound::kMp3 | sound::kLayer3, rate, 1);
  if (!file) return false;
  sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
  sf_write_float(file, mono.data(), static_cast<sf_count_t>(mono.size()));
  if (sf_close(file) != 0) return false;
  drop_first_mp3_frame(path);
  return true;
}

}  // namespace

bool write_mp3_without_length(const std::filesystem::path& path, int rate, const std::vector<float>& mono) {
  return write_bare_mp3(path, rate, mono, SF_BITRATE_MODE_VARIABLE);
}

bool write_mp3_of_constant_rate(const std::filesystem::path& path, int rate, const std::vector<float>& mono) {
  return write_bare_mp3(path, rate, mono, SF_BITRATE_MODE_CONSTANT);
}

std::string with_little_endian(std::string text, size_t at, uint32_t number) {
  for (size_t i = 0; i < 4; ++i) text.at(at + i) = static_cast<char>(number >> 8 * i);
  return text;
}

std::string with_big_endian(std::string text, size_t at, uint32_t number) {
  for (size_t i = 0; i < 4; ++i) text.at(at + i) = static_cast<char>(number >> (24 - 8 * i));
  return text;
}

bool write_sound(const std::filesystem::path& path, int format, int rate, int channels, const std::vector<float>& interleaved) {
  SNDFILE* file = open_for_writing(path, format, rate, channels);
  if (!file) return false;
  sf_command(file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  const auto frames = static_cast<sf_count_t>(interleaved.size()) / channels;
  sf_count_t done = 0;                       // piece by piece: some versions' Vorbis encoder overflows its stack on long ones
  const auto pcm = in_16_bits(interleaved);  // by our own rounding: libsndfile's differs from format to format
  while (done < frames) {
    const auto count = std::min<sf_count_t>(4096, frames - done);
    done += (format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16 ? sf_writef_short(file, pcm.data() + done * channels, count)
                                                             : sf_writef_float(file, interleaved.data() + done * channels, count);
  }
  return sf_close(file) == 0;
}

}  // namespace cudenza::testing
