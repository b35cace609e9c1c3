/// Sound files to samples: mp3 by libmpg123; wav, au, flac, ogg and all else that libsndfile reads; any rate, depth and number of
/// channels. The content decides the format, never the name.
///
/// The whole file is heard: joined mp3s, Ogg links and other whole sounds come one after another, at the rate of the first.
/// Missing or wrong sizes in headers do not end the sound. remarks() says what is not heard or looks wrong.
///
/// An unusable file is a DataError that names the file and the reason: missing, a folder, no permission, empty, no sound file, no
/// samples, a damaged stream, samples that are NaN or infinite (or beyond 1e12 times full scale), truncated. Samples before a cut
/// are good: they are returned, and the error comes when more are requested. (Less than 50 ms missing is accepted: many writers
/// count wrong.)
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/content_hash.h"
#include "engine/core/error.h"

namespace cudenza {

/// What a file's header says.
struct SoundInfo {
  int64_t frames = 0;   ///< samples per channel as the header promises; -1 if it does not say
  int sample_rate = 0;  ///< Hz
  int channels = 0;
  std::string format;    ///< "wav", "au", "flac", "ogg", "mp3", …
  std::string encoding;  ///< "16 bit PCM", "Vorbis", …
  std::string remark;    ///< for lists of files: "is flac, though named .wav"; else empty

  double seconds() const;  ///< NaN if the header does not say
};

/// Reads only the header. Throws DataError as described above.
SoundInfo probe(const std::filesystem::path&);

/// A file read front to back, mixed to mono: the mean of all channels, in double precision. Nothing is rounded or clipped.
class SoundFile {
 public:
  /// Throws DataError like probe().
  explicit SoundFile(const std::filesystem::path&);
  ~SoundFile();
  SoundFile(SoundFile&&) noexcept;
  SoundFile& operator=(SoundFile&&) noexcept;

  const SoundInfo& info() const;
  /// Moves to a frame; beyond the end there is nothing to read.
  void seek(int64_t frame);
  /// Fills `mono` with the next samples, full scale 1. Returns how many: fewer than requested only at the end. Throws DataError
  /// at a cut, a damaged stream or NaN and infinite samples, after all samples before them were returned.
  size_t read(std::span<double> mono);
  /// Warnings about what has been read so far, without the file's name: channels that cancel out, silence, samples far beyond
  /// full scale, bytes that are not heard.
  std::vector<std::string> remarks() const;

 private:
  friend struct SoundFacts examine(const std::filesystem::path&);
  struct State;
  std::unique_ptr<State> state_;
};

/// All facts about a file's sound. For a bad file, as far as they could be found.
struct SoundFacts {
  std::string error;  ///< why it is unusable, without the file's name; empty if it is usable
  SoundInfo info;
  int64_t frames = 0;                ///< frames that could be decoded
  int64_t non_finite = 0;            ///< NaN, infinite and immense samples (is_number() in loudness.h), over all channels
  double peak = 0;                   ///< largest magnitude of any channel; full scale is 1
  double mono_peak = 0;              ///< of the mix, in which channels may cancel out
  double clipped_fraction = 0;       ///< share of samples, over all channels, that clipping has cut off
  double clipped_at = 1;             ///< the level where it did so: full scale, or beyond it in files of floats
  bool truncated = false;            ///< the header promises more frames than could be decoded
  bool silent = false;               ///< the mix is never louder than -60 dBFS
  bool cancels_out = false;          ///< the mix of the channels has almost no sound
  bool far_beyond = false;           ///< samples far beyond full scale: the file uses another range
  std::vector<std::string> unheard;  ///< what is in the file but skipped
  ContentHash sound_hash;            ///< of the mix in floats and its rate: equal for equal sound in any file format

  bool usable() const { return error.empty(); }
  double seconds() const { return info.sample_rate > 0 ? static_cast<double>(frames) / info.sample_rate : 0; }
};

/// Decodes a whole file in little memory and examines it. Never throws for what a file is or holds.
SoundFacts examine(const std::filesystem::path&);

std::string sound_library_version();

}  // namespace cudenza
