/// Files that are there whole or not at all, whatever interrupts their writing.
#pragma once
#include <filesystem>
#include <functional>
#include <string_view>

namespace cudenza {

/// Lets `write` fill a file beside `path`, brings it to the disk and renames it to `path`: a reader sees the old file or the
/// new one. If `write` throws, the old one stays and nothing else is left behind. Makes the folder if there is none. Throws
/// DataError with the file and the system's reason if it cannot be written.
void write_atomically(const std::filesystem::path& path, const std::function<void(const std::filesystem::path& beside)>& write);

/// The same with the whole content at once.
void write_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace cudenza
