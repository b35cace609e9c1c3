#include "engine/audio/pcm_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string_view>

#include "engine/audio/decode.h"
#include "engine/core/content_hash.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// Precedes an entry's samples. Its remarks follow them, one per line.
struct EntryHeader {
  char magic[8] = {'C', 'U', 'D', 'Z', 'P', 'C', 'M', '3'};
  int64_t rate = 0, samples = 0, sample_bytes = 0;  // 2: i16, 4: f32
  ContentHash checksum;                             // of the samples and remarks

  bool operator==(const EntryHeader&) const = default;
};

std::string lines_of(const std::vector<std::string>& remarks) {
  std::string lines;
  for (const std::string& remark : remarks) lines += remark + '\n';
  return lines;
}

std::span<const std::byte> bytes_of(const Tensor& pcm) { return {static_cast<const std::byte*>(pcm.raw()), pcm.bytes()}; }

EntryHeader header_of(const HeardSound& sound, int rate) {
  const std::string lines = lines_of(sound.remarks);
  EntryHeader header;
  header.rate = rate;
  header.samples = sound.pcm.numel();
  header.sample_bytes = static_cast<int64_t>(size_of(sound.pcm.dtype()));
  ContentHasher hasher;
  hasher.add(bytes_of(sound.pcm));
  hasher.add(std::as_bytes(std::span(lines)));
  header.checksum = hasher.finish();
  return header;
}

/// An entry's content; nullopt if it is damaged.
std::optional<HeardSound> read_entry(const fs::path& path, int rate) {
  std::error_code error;
  const auto bytes = static_cast<int64_t>(fs::file_size(path, error));
  std::ifstream file(path, std::ios::binary);
  EntryHeader header;
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  const int64_t rest = bytes - static_cast<int64_t>(sizeof header);
  const bool is_float = header.sample_bytes == 4;
  if (error || !file || !(is_float || header.sample_bytes == 2)) return {};
  if (header.samples < 0 || header.samples > rest / header.sample_bytes) return {};
  HeardSound sound{.pcm = Tensor::empty({header.samples}, is_float ? DType::f32 : DType::i16), .remarks = {}};
  const auto size = static_cast<std::streamsize>(sound.pcm.bytes());
  std::string lines(static_cast<size_t>(rest - size), '\0');
  file.read(static_cast<char*>(sound.pcm.raw()), size);
  file.read(lines.data(), static_cast<std::streamsize>(lines.size()));
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) sound.remarks.push_back(line);
  if (!file || header != header_of(sound, rate)) return {};
  return sound;
}

/// Writes a file and renames it when it is complete. It is not synced to disk as other files are: that can take longer than
/// decoding, and damaged entries are made anew.
void write_whole(const fs::path& path, std::initializer_list<std::span<const std::byte>> content) {
  static std::atomic<int> count = 0;
  const auto fail = [&](const std::string& why) {
    throw DataError(fmt::format("{}: cannot be written: {}", path.string(), why));
  };
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) fail(error.message());
  const fs::path beside = fmt::format("{}.{}.{}.part", path.string(), getpid(), ++count);
  std::ofstream file(beside, std::ios::binary);
  for (const auto bytes : content)
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  const std::string why = std::strerror(errno);
  if (file) fs::rename(beside, path, error);
  if (file && !error) return;
  std::error_code ignored;
  fs::remove(beside, ignored);
  fail(error ? error.message() : why);
}

void write_entry(const fs::path& path, const HeardSound& sound, int rate) {
  const EntryHeader header = header_of(sound, rate);
  const std::string lines = lines_of(sound.remarks);
  write_whole(path, {std::as_bytes(std::span(&header, 1)), bytes_of(sound.pcm), std::as_bytes(std::span(lines))});
}

std::string hash_of_text(std::string_view text) { return hash_of(std::as_bytes(std::span(text))).text(); }

/// Thousands of files in one folder are slow to list: 256 folders by the first two digits.
fs::path in_folder(const fs::path& folder, const std::string& digits) { return folder / digits.substr(0, 2) / digits; }

/// Identifies a file without reading it. `settled`: its last change is so old that a new one will have another time.
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

/// Hash of the file's content, from a note if there is one.
std::string PcmCache::content_of(const fs::path& path) {
  const Known known = known_by(path);
  const fs::path note = in_folder(folder_ / "known", hash_of_text(fs::absolute(path).string()));
  std::string hash, line;
  if (std::ifstream file(note); file >> hash && file.get() && std::getline(file, line) && line == known.line) return hash;
  ++hashed_;
  hash = hash_of_file(path).text();
  if (known.settled) {
    const std::string content = hash + ' ' + known.line + '\n';
    keep([&] { write_whole(note, {std::as_bytes(std::span(content))}); });
  }
  return hash;
}

/// Runs a write to the cache; a failure is only recorded.
void PcmCache::keep(const std::function<void()>& write) {
  try {
    write();
  } catch (const DataError& error) {
    std::lock_guard lock(mutex_);
    write_error_ = error.what();
  }
}

HeardSound PcmCache::load(const fs::path& path, int rate) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return hear(path, rate);  // throws the reason
  const std::string key = fmt::format("{} {} {}", content_of(path), rate, decoder_version());
  const fs::path entry = in_folder(folder_ / "pcm", hash_of_text(key));
  if (fs::exists(entry, error)) {
    if (auto sound = read_entry(entry, rate)) {
      ++hits_;
      return std::move(*sound);
    }
    ++damaged_;
  }
  ++decoded_;
  HeardSound sound = hear(path, rate);
  keep([&] { write_entry(entry, sound, rate); });
  return sound;
}

PcmCache::Counts PcmCache::counts() const { return {.hits = hits_, .decoded = decoded_, .damaged = damaged_, .hashed = hashed_}; }

std::string PcmCache::write_error() const {
  std::lock_guard lock(mutex_);
  return write_error_;
}

}  // namespace cudenza
