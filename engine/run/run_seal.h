/// RUN/checksums.txt: hashes of a finished run's text files and pictures, to detect later changes. It has the format of
/// sha256sum: `cd RUN && sha256sum -c checksums.txt`. (HDF5 files have their own checksums; plots and report.html are made from
/// the files listed here.)
#pragma once
#include <filesystem>
#include <string_view>

namespace cudenza {

inline constexpr std::string_view kSealName = "checksums.txt";
inline constexpr std::string_view kSealBegins = "# of this run's files when it was finished";

/// Writes RUN/checksums.txt for those of the run's files that exist.
void seal_run(const std::filesystem::path& run);

/// Removes RUN/checksums.txt before a run's files are rewritten. Returns whether it existed.
bool unseal_run(const std::filesystem::path& run);

/// Throws DataError if a file listed in RUN/checksums.txt exists with other content, or if the list cannot be read. A run without
/// a list (older versions) is trusted.
void check_seal(const std::filesystem::path& run);

}  // namespace cudenza
