/// Small files that save time at the next start: compiled plans, trials. Losing one costs that time alone.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace cudenza {

/// $XDG_CACHE_HOME/cudenza, or ~/.cache/cudenza; empty if neither is known.
std::filesystem::path cache_folder();

/// Writes the file and its folders. Readers, in other processes too, see the old file or the new one, never a part. An error is
/// ignored: what is missing is made again. After a power failure the content may be damaged: store a fingerprint with it.
void write_cached(const std::filesystem::path&, std::string_view content) noexcept;

/// FNV-1a: names files and detects damage; not secure against attackers.
uint64_t fingerprint(std::string_view text);

}  // namespace cudenza
