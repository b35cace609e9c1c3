/// Sounds to WAV files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

namespace cudenza {

/// Mono 16-bit PCM, whole or not at all. Throws DataError if it cannot be written, UsageError for more than 4 GiB.
void write_wav(const std::filesystem::path&, std::span<const int16_t> pcm, int rate);

}  // namespace cudenza
