/// Files that are there whole or not at all, whatever interrupts their writing.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

namespace cudenza {

/// Lets `write` make a file beside `path`, brings it to the disk and renames it to `path`: a reader sees the old file or the
/// new one. If `write` throws, the old one stays and nothing else is left behind. Makes the folder if there is none. Throws
/// DataError with the file and the system's reason if it cannot be written.
void write_atomically(const std::filesystem::path& path, const std::function<void(const std::filesystem::path& beside)>& write);

/// The same with the whole content at once.
void write_atomically(const std::filesystem::path& path, std::string_view content);

/// Removes what write_atomically() left in `folder` when its process was killed: files `.NAME.PID.part` whose PID no process
/// has, or only this one, which must not be writing there. Files that cannot be removed stay; a folder that is not there has
/// none.
void remove_parts_of_dead_writers(const std::filesystem::path& folder);

}  // namespace cudenza
