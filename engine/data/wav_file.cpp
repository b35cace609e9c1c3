#include "engine/data/wav_file.h"

#include <string>

#include "engine/core/error.h"
#include "engine/io/atomic_file.h"

namespace cudenza {
namespace {

/// The low `bytes` bytes of a number, the lowest first.
void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

}  // namespace

std::string encode_wav(std::span<const int16_t> pcm, int rate) {
  constexpr int kChannels = 1, kBytes = 2, kPcm = 1, kFormatBytes = 16, kHeaderBytes = 36;
  const uint64_t bytes = pcm.size() * kBytes;
  require(bytes < (1ULL << 32) - kHeaderBytes, "{} samples are more than a WAV file can hold", pcm.size());
  std::string file;
  file.reserve(bytes + kHeaderBytes + 8);
  file += "RIFF";
  put(file, bytes + kHeaderBytes, 4);
  file += "WAVEfmt ";
  put(file, kFormatBytes, 4);
  put(file, kPcm, 2);
  put(file, kChannels, 2);
  put(file, static_cast<uint64_t>(rate), 4);
  put(file, static_cast<uint64_t>(rate) * kChannels * kBytes, 4);
  put(file, kChannels * kBytes, 2);
  put(file, 8 * kBytes, 2);
  file += "data";
  put(file, bytes, 4);
  for (const int16_t sample : pcm) put(file, static_cast<uint16_t>(sample), kBytes);
  return file;
}

void write_wav(const std::filesystem::path& path, std::span<const int16_t> pcm, int rate) {
  write_atomically(path, encode_wav(pcm, rate));
}

}  // namespace cudenza
