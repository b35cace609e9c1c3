/// Sound files to samples: mp3 by libmpg123; wav, au, flac, ogg and whatever else libsndfile reads; of any rate, depth and number
/// of channels. What a file holds decides what it is, never its name.
///
/// All of a file is heard: mp3s, Ogg links and other whole sounds that are joined in one file come one after another, at the
/// rate of the first, and headers with no size, or a wrong one, end nothing. What is not heard, or is hardly what was meant, is
/// said in remarks().
///
/// What cannot be used is a DataError that names the file and the reason: no such file, a folder, no permission, nothing in it,
/// no sound file, no samples, a damaged stream, NaN or infinite samples, and truncated files. Of a truncated file everything
/// before the cut is good: it is handed out, and the error comes when more is asked for. (Less than 50 ms missing is no fault:
/// many writers count wrong.)
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
  int64_t frames = 0;   ///< samples of each channel that the header promises; -1 if it does not say
  int sample_rate = 0;  ///< Hz
  int channels = 0;
  std::string format;    ///< "wav", "au", "flac", "ogg", "mp3", …
  std::string encoding;  ///< "16 bit PCM", "Vorbis", …
  std::string remark;    ///< what deserves a word in a list of files, as "is flac, though named .wav"; else empty

  double seconds() const;  ///< NaN if the header does not say
};

/// Reads the header alone. Throws DataError as described above.
SoundInfo probe(const std::filesystem::path&);

/// A file being read, front to back, mixed to one channel: the mean of all.
class SoundFile {
 public:
  /// Throws DataError as probe().
  explicit SoundFile(const std::filesystem::path&);
  ~SoundFile();
  SoundFile(SoundFile&&) noexcept;
  SoundFile& operator=(SoundFile&&) noexcept;

  const SoundInfo& info() const;
  /// Goes to a frame; beyond the end there is nothing to read.
  void seek(int64_t frame);
  /// Fills `mono` with the next samples, full scale 1, and returns how many: fewer than asked for only at the end. Throws
  /// DataError at a cut, a damaged stream and samples that are no numbers, once what comes before them has been returned.
  size_t read(std::span<float> mono);
  /// What deserves a warning in what has been read so far, each without the file's name: channels that cancel each other out,
  /// silence, samples far beyond full scale, bytes that are not heard.
  std::vector<std::string> remarks() const;

 private:
  friend struct SoundFacts examine(const std::filesystem::path&);
  struct State;
  std::unique_ptr<State> state_;
};

/// Everything there is to say about a file's sound. Of files that are bad all the rest is as far as it could be found out.
struct SoundFacts {
  std::string error;  ///< why it cannot be used, without the file's name; empty if it can
  SoundInfo info;
  int64_t frames = 0;                ///< that could be decoded
  int64_t non_finite = 0;            ///< samples, over all channels, that are NaN or infinite
  double peak = 0;                   ///< largest magnitude of any channel; full scale is 1
  double mono_peak = 0;              ///< of the mixture, in which channels may cancel each other out
  double clipped_fraction = 0;       ///< samples, over all channels, at or beyond full scale
  bool truncated = false;            ///< the header promises more frames than could be decoded
  bool silent = false;               ///< the mixture never leaves the last bit of 16: mono_peak <= 1/32768
  bool cancels_out = false;          ///< next to nothing is left of the channels when they are mixed
  bool far_beyond = false;           ///< samples far beyond full scale: the file was written in another range
  std::vector<std::string> unheard;  ///< what is in the file, but is passed over
  ContentHash sound_hash;            ///< of the mixture in 16 bit and its rate: equal sound, whatever file holds it

  bool usable() const { return error.empty(); }
  double seconds() const { return info.sample_rate > 0 ? static_cast<double>(frames) / info.sample_rate : 0; }
};

/// Decodes a whole file and looks at it, in little memory. Never throws for what a file is or holds.
SoundFacts examine(const std::filesystem::path&);

std::string sound_library_version();

}  // namespace cudenza
