/// What this program may write to: a place where nothing is, and what it wrote itself. Everything else is another's, and is never
/// replaced or removed. Whoever writes asks here before the work begins.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace cudenza {

/// Throws UsageError, naming `option`, unless a file may be written at `path`: nothing is there, or a regular file for which
/// `is_ours` says yes. Refused too are links, and every one of `inputs` under whatever name (hard links are the same file).
/// Throws DataError if no file can be made there: a folder above is a file, or must not be written to.
void check_output_file(std::string_view option, const std::filesystem::path& path,
                       const std::function<bool(const std::filesystem::path&)>& is_ours,
                       std::span<const std::filesystem::path> inputs = {});

/// The same for a folder that files are written into; `path` may be a link to a folder.
void check_output_folder(std::string_view option, const std::filesystem::path& path);

/// Throws UsageError if `folder` lies within the data set `data`, where the next reader would take it for a part of it, or `data`
/// within `folder`. Links are followed, those to the folders of classes too. A data set that is a list holds no place.
void check_outside(std::string_view option, const std::filesystem::path& folder, const std::filesystem::path& data);

/// The first bytes of a regular file, `most` at most; empty for all else.
std::string beginning_of(const std::filesystem::path&, size_t most);

/// Is it an HDF5 file whose root says that its format is this? A file that cannot be read is not.
bool is_hdf5_of(const std::filesystem::path&, std::string_view format);

/// A PNG file's bytes with a note that this program made them (tEXt: "Software", "cudenza").
std::string with_mark(std::string png);
/// Does the file begin as with_mark()'s do?
bool is_marked_png(const std::filesystem::path&);

}  // namespace cudenza
