/// Turns the bytes of a sound into samples. One implementation per library: sndfile_decoder.h, mp3_decoder.h.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cudenza {

class SoundDecoder {
 public:
  virtual ~SoundDecoder() = default;

  /// Reads the next frames (one sample per channel), interleaved, full scale 1, as the file holds them: doubles hold every type
  /// of sample. Returns their number; 0 at the end or at a fault.
  virtual int64_t read(double* interleaved, int64_t frames) = 0;
  /// Moves to a frame, or to the end if that comes first. Returns the next frame, -1 on failure.
  virtual int64_t seek(int64_t frame) = 0;
  /// The library's error message; empty if there is none.
  virtual std::string words() const { return ""; }
};

/// One of the sounds joined in a file (nearly always the only one), and how to open it.
struct SoundPart {
  int64_t frames = 0;   ///< as its header promises; -1 if it does not say
  int sample_rate = 0;  ///< Hz
  int channels = 0;
  bool is_cut = false;        ///< the file is shorter than the header says
  bool has_open_end = false;  ///< the format marks the end, and the mark is missing
  std::string fault;          ///< why the sound ends early; empty if it does not
  std::function<std::unique_ptr<SoundDecoder>()> open;
};

/// What was found in a file.
struct SoundParts {
  std::string error;             ///< why it is no sound file; empty if it is one
  std::string format, encoding;  ///< as in SoundInfo
  std::vector<SoundPart> parts;
  bool has_floats = false;           ///< its samples are kept as floats, which may be larger than full scale
  std::vector<std::string> remarks;  ///< what is in the file but not heard
};

}  // namespace cudenza
