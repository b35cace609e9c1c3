/// What this program may write to: unused paths and its own files. It never replaces or removes any other file. Code that writes
/// asks here before the work begins.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace cudenza {

/// Throws UsageError, naming `option`, unless a file may be written at `path`: nothing exists there, or a regular file for which
/// `is_ours` returns true. Links are refused, and so is each of `inputs` under any name (hard links are the same file). Throws
/// DataError if no file can be made there: a folder above is a file or is not writable.
void check_output_file(std::string_view option, const std::filesystem::path& path,
                       const std::function<bool(const std::filesystem::path&)>& is_ours,
                       std::span<const std::filesystem::path> inputs = {});

/// The same for a folder that receives files; `path` may be a link to a folder.
void check_output_folder(std::string_view option, const std::filesystem::path& path);

/// Throws UsageError if `folder` lies within the data set `data`, where the next reader would take it for data, or `data` within
/// `folder`. Follows links, also those to class folders. A data set that is a list occupies no folder.
void check_outside(std::string_view option, const std::filesystem::path& folder, const std::filesystem::path& data);

/// The first bytes of a regular file, at most `most`; empty for anything else.
std::string beginning_of(const std::filesystem::path&, size_t most);

/// Whether it is an HDF5 file whose root names this format. False if it cannot be read.
bool is_hdf5_of(const std::filesystem::path&, std::string_view format);

/// A PNG file's bytes with a note that this program made it (tEXt: "Software", "cudenza").
std::string with_mark(std::string png);
/// Whether the file begins like with_mark()'s result.
bool is_marked_png(const std::filesystem::path&);

}  // namespace cudenza
