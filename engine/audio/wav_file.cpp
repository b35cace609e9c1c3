#include "engine/audio/wav_file.h"

#include <sndfile.h>

#include <algorithm>

#include "engine/core/error.h"

namespace cudenza {
namespace {

/// A file in memory that libsndfile writes to.
struct Bytes {
  std::string content;
  size_t at = 0;

  sf_count_t seek(sf_count_t offset, int whence) {
    const size_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? at : content.size();
    at = from + static_cast<size_t>(offset);
    return static_cast<sf_count_t>(at);
  }
  sf_count_t read(void* to, sf_count_t count) {
    const size_t some = at < content.size() ? content.copy(static_cast<char*>(to), static_cast<size_t>(count), at) : 0;
    at += some;
    return static_cast<sf_count_t>(some);
  }
  sf_count_t write(const void* from, sf_count_t count) {
    content.resize(std::max(content.size(), at + static_cast<size_t>(count)));
    std::copy_n(static_cast<const char*>(from), count, content.begin() + static_cast<std::ptrdiff_t>(at));
    at += static_cast<size_t>(count);
    return count;
  }
};

SF_VIRTUAL_IO calls_of_bytes() {
  static constexpr auto self = [](void* bytes) -> Bytes& { return *static_cast<Bytes*>(bytes); };
  return {.get_filelen = [](void* bytes) { return static_cast<sf_count_t>(self(bytes).content.size()); },
          .seek = [](sf_count_t offset, int whence, void* bytes) { return self(bytes).seek(offset, whence); },
          .read = [](void* to, sf_count_t count, void* bytes) { return self(bytes).read(to, count); },
          .write = [](const void* from, sf_count_t count, void* bytes) { return self(bytes).write(from, count); },
          .tell = [](void* bytes) { return static_cast<sf_count_t>(self(bytes).at); }};
}

}  // namespace

std::string encode_wav(std::span<const int16_t> pcm, int rate) {
  constexpr uint64_t kMostBytes = (uint64_t{1} << 32) - 64;  // sizes are 32 bits wide
  require(pcm.size_bytes() < kMostBytes, "{} samples are more than a WAV file can hold", pcm.size());
  Bytes bytes;
  bytes.content.reserve(pcm.size_bytes() + 64);
  SF_VIRTUAL_IO calls = calls_of_bytes();
  SF_INFO info{};
  info.samplerate = rate, info.channels = 1, info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SNDFILE* const file = sf_open_virtual(&calls, SFM_WRITE, &info, &bytes);
  require(file != nullptr, "a WAV file of {} Hz cannot be made: {}", rate, sf_strerror(nullptr));
  const auto count = static_cast<sf_count_t>(pcm.size());
  const bool is_written = sf_write_short(file, pcm.data(), count) == count;
  sf_close(file);  // completes the header
  require(is_written, "{} samples could not be written as WAV", pcm.size());
  return std::move(bytes.content);
}

}  // namespace cudenza
