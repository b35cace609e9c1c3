/// Sound files to mono samples at the rate that is wanted: whole, a part, or as a stream of any length.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/audio/resample.h"
#include "engine/audio/sound_file.h"

namespace cudenza {

/// A piece of a file, in seconds.
struct SoundRange {
  double begin = 0;
  double length = -1;  ///< negative: to the end
};

/// Mono samples at `rate` Hz (0: the file's own), full scale 1. A piece is what the whole has there (resampling sees what lies
/// around it); it is shorter where the file ends. Throws DataError as SoundFile does: of a truncated file a piece that ends
/// before the cut can be had, the whole cannot.
std::vector<float> decode(const std::filesystem::path&, int rate, const SoundRange& = {});

/// The same as 16-bit PCM.
std::vector<int16_t> decode_pcm(const std::filesystem::path&, int rate, const SoundRange& = {});

/// Full scale 32768, rounded to nearest, clipped.
std::vector<int16_t> to_pcm(std::span<const float>);

/// A file of any length as mono samples at `rate` Hz, in the memory of a block.
class PcmStream {
 public:
  /// Rate 0: the file's own. Throws DataError as probe().
  PcmStream(const std::filesystem::path&, int rate);

  const SoundInfo& info() const { return file_.info(); }
  int rate() const { return rate_; }
  /// Samples in all, as far as the header knows.
  int64_t length() const;
  /// As SoundFile::read().
  size_t read(std::span<float>);

 private:
  bool fill();

  SoundFile file_;
  int rate_;
  Resampler resampler_;
  std::vector<float> block_, ready_;
  size_t taken_ = 0;       // of ready_
  bool finished_ = false;  // nothing more will come to ready_
};

/// Windows of equal length, overlapping where hop < size: [0, size), [hop, hop + size), … until one reaches the file's end.
class WindowStream {
 public:
  /// In samples at `rate`. Throws UsageError unless both are positive, DataError as probe().
  WindowStream(const std::filesystem::path&, int rate, int64_t size, int64_t hop);

  struct Window {
    int64_t begin = 0;               ///< sample where it begins
    int64_t samples = 0;             ///< that are the file's: fewer than size in the last window alone; zeros follow
    std::span<const float> content;  ///< [size], good until the next call
  };
  /// The next window; false after the last. A file shorter than a window gives one. Throws DataError as SoundFile::read() does,
  /// after every window that is whole before the fault.
  bool next(Window&);

  const PcmStream& stream() const { return stream_; }

 private:
  PcmStream stream_;
  int64_t size_, hop_, begin_ = 0;
  std::vector<float> content_;
  int64_t kept_ = 0;  // samples at the front of content_ that the next window shares with the last
  bool over_ = false;
};

}  // namespace cudenza
