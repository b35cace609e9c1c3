/// Sound files to mono samples at the rate that is wanted: whole, a part, or as a stream of any length.
#pragma once
#include <cstdint>
#include <exception>
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
/// before the cut can be had, the whole cannot. A file too short to have one sample at that rate is a DataError, too.
std::vector<float> decode(const std::filesystem::path&, int rate, const SoundRange& = {});

/// The same as 16-bit PCM.
std::vector<int16_t> decode_pcm(const std::filesystem::path&, int rate, const SoundRange& = {});

/// A whole file as decode_pcm() gives it, with what deserves a warning in it (SoundFile::remarks()).
struct HeardSound {
  std::vector<int16_t> pcm;
  std::vector<std::string> remarks;

  bool operator==(const HeardSound&) const = default;
};
HeardSound hear(const std::filesystem::path&, int rate);

/// Of everything that decides what decode_pcm() gives for a file.
std::string decoder_version();

/// Full scale 32768, rounded to nearest, clipped.
std::vector<int16_t> to_pcm(std::span<const float>);

/// A file of any length as mono samples at `rate` Hz, in the memory of a block.
class PcmStream {
 public:
  /// Rate 0: the file's own. Throws DataError as probe().
  PcmStream(const std::filesystem::path&, int rate);

  const SoundInfo& info() const { return file_.info(); }
  int rate() const { return rate_; }
  /// Samples in all, as far as the header knows; -1 if it does not say.
  int64_t length() const;
  /// Goes to a sample: what is read from there on is what would have come there from the beginning.
  void seek(int64_t sample);
  /// As SoundFile::read(); nothing at all in a whole file is a DataError as well.
  size_t read(std::span<float>);
  /// As SoundFile::remarks().
  std::vector<std::string> remarks() const { return file_.remarks(); }

 private:
  void fill();
  [[noreturn]] void fail_as_empty() const;

  std::filesystem::path path_;
  SoundFile file_;
  int rate_;
  Resampler resampler_;
  std::vector<float> block_, ready_;
  size_t taken_ = 0;          // of ready_
  int64_t at_ = 0;            // the sample that comes next
  bool finished_ = false;     // nothing more will come to ready_
  std::exception_ptr fault_;  // why not, once ready_ is used up
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
  void advance();

  PcmStream stream_;
  int64_t size_, hop_, begin_ = 0;
  int64_t kept_ = 0;  // samples at the front of content_ that this window shares with the last
  std::vector<float> content_;
  bool begun_ = false, over_ = false;
};

}  // namespace cudenza
