/// RUN/checksums.txt: what the text files and pictures of a finished run hold, so that a byte that changes later is seen. It is
/// in the form of the tool sha256sum: `cd RUN && sha256sum -c checksums.txt`. (HDF5 files carry checksums of their own; plots and
/// report.html are made of the files listed here.)
#pragma once
#include <filesystem>
#include <string_view>

namespace cudenza {

inline constexpr std::string_view kSealName = "checksums.txt";
inline constexpr std::string_view kSealBegins = "# of this run's files when it was finished";

/// Writes RUN/checksums.txt over those of the run's files that are there.
void seal_run(const std::filesystem::path& run);

/// Takes RUN/checksums.txt away before a run's files are written anew. Returns whether there was one.
bool unseal_run(const std::filesystem::path& run);

/// Throws DataError if a file that RUN/checksums.txt lists is there and holds something else, or if the list cannot be read.
/// A run without a list (older ones) is believed.
void check_seal(const std::filesystem::path& run);

}  // namespace cudenza
