/// What turns the bytes of a sound into samples. One implementation for each library: sndfile_decoder.h, mp3_decoder.h.
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

  /// The next frames (samples of each channel), interleaved, full scale 1; 0 at the end, wherever that is.
  virtual int64_t read(float* interleaved, int64_t frames) = 0;
  /// Goes to a frame, or to the end if that is nearer; returns the frame that comes next, -1 if that cannot be done.
  virtual int64_t seek(int64_t frame) = 0;
  /// What the library says went wrong; empty if it says nothing.
  virtual std::string words() const { return ""; }
};

/// One of the sounds that are joined in a file (nearly always there is one), and how it is opened.
struct SoundPart {
  int64_t frames = 0;   ///< that its header promises; -1 if it does not say
  int sample_rate = 0;  ///< Hz
  int channels = 0;
  bool is_cut = false;        ///< the file is shorter than the header says
  bool has_open_end = false;  ///< a format whose end is marked, and the mark is missing
  std::string fault;          ///< why the sound ends where it does, if that is not its end
  std::function<std::unique_ptr<SoundDecoder>()> open;
};

/// What is found in a file.
struct SoundParts {
  std::string error;             ///< why it is no sound; empty if it is one
  std::string format, encoding;  ///< as in SoundInfo
  std::vector<SoundPart> parts;
  std::vector<std::string> remarks;  ///< what is in the file but cannot be heard
};

}  // namespace cudenza
