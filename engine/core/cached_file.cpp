#include "engine/core/cached_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace cudenza {
namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

std::filesystem::path cache_folder() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg == '/') return std::filesystem::path(xdg) / "cudenza";
  if (const char* home = std::getenv("HOME"); home && *home == '/') return std::filesystem::path(home) / ".cache" / "cudenza";
  return {};
}

/// Writes a temporary file and renames it. No fsync, which would cost more than it saves.
void write_cached(const std::filesystem::path& path, std::string_view content) noexcept {
  try {
    std::filesystem::create_directories(path.parent_path());
    std::string temporary = path.string() + ".XXXXXX";
    const int file = ::mkstemp(temporary.data());
    if (file < 0) return;
    const bool written = write_all(file, content);
    const bool closed = ::close(file) == 0;
    if (!written || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) ::unlink(temporary.c_str());
  } catch (const std::exception&) {
    // A read-only home or a full disk costs the next start some time, not this run.
  }
}

uint64_t fingerprint(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

}  // namespace cudenza
