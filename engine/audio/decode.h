/// Sound files to mono samples at a given rate: whole, in part, or as a stream of any length.
#pragma once
#include <cstdint>
#include <exception>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/audio/pcm.h"
#include "engine/audio/resample.h"
#include "engine/audio/sound_file.h"

namespace cudenza {

/// A part of a file, in seconds.
struct SoundRange {
  double begin = 0;
  double length = -1;  ///< negative: to the end
};

/// Mono samples at `rate` Hz (0: the file's own), full scale 1. A range gives the same samples as the whole file has there (the
/// resampler also reads around it); it is shorter if the file ends. Throws DataError as SoundFile does: of a truncated file only
/// ranges that end before the cut can be read. A file too short for one sample at that rate is a DataError, too.
std::vector<float> decode(const std::filesystem::path&, int rate, const SoundRange& = {});

/// A whole file as decode() returns it, and its warnings (SoundFile::remarks()).
struct HeardSound {
  Tensor pcm;  ///< [samples], i16 or f32 (engine/audio/pcm.h)
  std::vector<std::string> remarks;
};
HeardSound hear(const std::filesystem::path&, int rate);

/// Version of everything that affects what hear() returns.
std::string decoder_version();

/// A file of any length as mono samples at `rate` Hz; holds one block in memory.
class PcmStream {
 public:
  /// Rate 0: the file's own. Throws DataError like probe().
  PcmStream(const std::filesystem::path&, int rate);

  const SoundInfo& info() const { return file_.info(); }
  int rate() const { return rate_; }
  /// Samples in total, as the header says; -1 if it does not say.
  int64_t length() const;
  /// Moves to a sample. Later reads return what a read from the beginning would return there.
  void seek(int64_t sample);
  /// Like SoundFile::read(), each sample rounded once. A whole file without samples is a DataError as well.
  size_t read(std::span<float>);
  /// See SoundFile::remarks().
  std::vector<std::string> remarks() const { return file_.remarks(); }

 private:
  void fill();
  [[noreturn]] void fail_as_empty() const;

  std::filesystem::path path_;
  SoundFile file_;
  int rate_;
  Resampler resampler_;
  std::vector<double> block_, ready_;
  size_t taken_ = 0;          // samples of ready_ already returned
  int64_t at_ = 0;            // the next sample
  bool finished_ = false;     // no more samples will come to ready_
  std::exception_ptr fault_;  // the reason, thrown once ready_ is used up
};

/// Windows of equal length that overlap if hop < size: [0, size), [hop, hop + size), … until one reaches the file's end.
class WindowStream {
 public:
  /// `size` and `hop` in samples at `rate`. Throws UsageError unless both are positive, DataError like probe().
  WindowStream(const std::filesystem::path&, int rate, int64_t size, int64_t hop);

  struct Window {
    int64_t begin = 0;               ///< its first sample
    int64_t samples = 0;             ///< from the file: less than size only in the last window, padded with zeros
    std::span<const float> content;  ///< [size], valid until the next call
  };
  /// Gets the next window; returns false after the last. A file shorter than a window gives one. Throws DataError like
  /// SoundFile::read(), after all windows that are complete before the fault.
  bool next(Window&);

  const PcmStream& stream() const { return stream_; }

 private:
  void advance();

  PcmStream stream_;
  int64_t size_, hop_, begin_ = 0;
  int64_t kept_ = 0;  // samples at the front of content_ shared with the previous window
  std::vector<float> content_;
  bool begun_ = false, over_ = false;
};

}  // namespace cudenza
