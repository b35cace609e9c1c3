/// Files written whole or not at all, whatever interrupts the writing.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

namespace cudenza {

/// Calls `write` to make a temporary file beside `path`, syncs it to disk and renames it to `path`: a reader sees the old file or
/// the new one. If `write` throws, the old file stays and nothing else is left behind. Makes the folder if it is missing. Throws
/// DataError with the file and the system's reason if it cannot be written.
void write_atomically(const std::filesystem::path& path, const std::function<void(const std::filesystem::path& beside)>& write);

/// The same from the whole content.
void write_atomically(const std::filesystem::path& path, std::string_view content);

/// Removes what write_atomically() left in `folder` when its process was killed: files `.NAME.PID.part` whose PID belongs to no
/// process, or to this one, which must not be writing there. Files that cannot be removed stay; a missing folder has none.
void remove_parts_of_dead_writers(const std::filesystem::path& folder);

}  // namespace cudenza
