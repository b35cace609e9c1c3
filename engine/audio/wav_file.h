/// WAV files, written by libsndfile.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace cudenza {

/// Mono 16-bit PCM as the bytes of a WAV file; `rate` in Hz. Throws UsageError for more than 4 GiB.
std::string encode_wav(std::span<const int16_t> pcm, int rate);

}  // namespace cudenza
