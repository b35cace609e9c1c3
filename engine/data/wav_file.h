/// Sounds to WAV files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace cudenza {

/// Mono 16-bit PCM as a WAV file's bytes. Throws UsageError for more than 4 GiB.
std::string encode_wav(std::span<const int16_t> pcm, int rate);

/// The same into a file, whole or not at all. Throws DataError if it cannot be written.
void write_wav(const std::filesystem::path&, std::span<const int16_t> pcm, int rate);

}  // namespace cudenza
