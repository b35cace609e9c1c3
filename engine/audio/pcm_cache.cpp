#include "engine/audio/pcm_cache.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "engine/audio/decode.h"
#include "engine/core/content_hash.h"
#include "engine/io/atomic_file.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// Before an entry's samples.
struct EntryHeader {
  char magic[8] = {'C', 'U', 'D', 'Z', 'P', 'C', 'M', '1'};
  int64_t rate = 0, samples = 0;
  ContentHash checksum;  // of the samples

  bool operator==(const EntryHeader&) const = default;
};

std::span<const std::byte> bytes_of(const std::vector<int16_t>& pcm) { return std::as_bytes(std::span(pcm)); }

EntryHeader header_of(const std::vector<int16_t>& pcm, int rate) {
  EntryHeader header;
  header.rate = rate;
  header.samples = static_cast<int64_t>(pcm.size());
  header.checksum = hash_of(bytes_of(pcm));
  return header;
}

/// The samples of an entry; none if it is damaged.
std::optional<std::vector<int16_t>> read_entry(const fs::path& path, int rate) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  if (error || bytes < sizeof(EntryHeader)) return {};
  std::vector<int16_t> pcm((bytes - sizeof(EntryHeader)) / 2);
  EntryHeader header;
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  file.read(reinterpret_cast<char*>(pcm.data()), static_cast<std::streamsize>(bytes_of(pcm).size()));
  if (!file || header != header_of(pcm, rate)) return {};
  return pcm;
}

void write_entry(const fs::path& path, const std::vector<int16_t>& pcm, int rate) {
  write_atomically(path, [&](const fs::path& beside) {
    const EntryHeader header = header_of(pcm, rate);
    std::ofstream file(beside, std::ios::binary);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(pcm.data()), static_cast<std::streamsize>(bytes_of(pcm).size()));
    file.close();
    if (!file) throw DataError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
  });
}

std::string hash_of_text(std::string_view text) { return hash_of(std::as_bytes(std::span(text))).text(); }

/// Thousands of files in one folder are slow to list: 256 folders by the first two digits.
fs::path in_folder(const fs::path& folder, const std::string& digits) { return folder / digits.substr(0, 2) / digits; }

/// What a file is known by without being read. `settled`: it was last changed so long ago that a change to come cannot bear the
/// same time.
struct Known {
  std::string line;
  bool settled = false;
};

Known known_by(const fs::path& path) {
  struct stat facts = {};
  if (stat(path.c_str(), &facts) != 0) return {};
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto& changed = facts.st_mtim;
  return {fmt::format("{} {}.{:09} {}", facts.st_size, changed.tv_sec, changed.tv_nsec, fs::absolute(path).string()),
          changed.tv_sec + 2 < now};
}

}  // namespace

PcmCache::PcmCache(fs::path folder) : folder_(std::move(folder)) {}

fs::path PcmCache::default_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return fs::path(value ? value : "");
  };
  if (const fs::path own = variable("CUDENZA_CACHE"); !own.empty()) return own;
  if (const fs::path shared = variable("XDG_CACHE_HOME"); !shared.empty()) return shared / "cudenza";
  if (const fs::path home = variable("HOME"); !home.empty()) return home / ".cache/cudenza";
  return fs::temp_directory_path() / "cudenza";
}

/// What the file holds, from a note if there is one.
std::string PcmCache::content_of(const fs::path& path) {
  const Known known = known_by(path);
  const fs::path note = in_folder(folder_ / "known", hash_of_text(fs::absolute(path).string()));
  std::string hash, line;
  if (std::ifstream file(note); file >> hash && file.get() && std::getline(file, line) && line == known.line) return hash;
  ++hashed_;
  hash = hash_of_file(path).text();
  if (known.settled) keep([&] { write_atomically(note, hash + ' ' + known.line + '\n'); });
  return hash;
}

/// Runs what writes to the cache: if it cannot, that is remembered and no more.
void PcmCache::keep(const std::function<void()>& write) {
  try {
    write();
  } catch (const DataError& error) {
    std::lock_guard lock(mutex_);
    write_error_ = error.what();
  }
}

std::vector<int16_t> PcmCache::load(const fs::path& path, int rate) {
  if (!fs::is_regular_file(path)) return decode_pcm(path, rate);  // which says what is wrong
  const std::string key = fmt::format("{} {} {}", content_of(path), rate, decoder_version());
  const fs::path entry = in_folder(folder_ / "pcm", hash_of_text(key));
  if (fs::exists(entry)) {
    if (auto pcm = read_entry(entry, rate)) {
      ++hits_;
      return std::move(*pcm);
    }
    ++damaged_;
  }
  ++decoded_;
  std::vector<int16_t> pcm = decode_pcm(path, rate);
  keep([&] { write_entry(entry, pcm, rate); });
  return pcm;
}

PcmCache::Counts PcmCache::counts() const { return {.hits = hits_, .decoded = decoded_, .damaged = damaged_, .hashed = hashed_}; }

std::string PcmCache::write_error() const {
  std::lock_guard lock(mutex_);
  return write_error_;
}

}  // namespace cudenza
