/// Where the frames of an mp3 file are (MPEG 1, 2 and 2.5, layers I to III), what lies between and behind them, and what its
/// Xing, Info or VBRI frames say. All frames are walked over, as no header of the file can be relied on: those counts are
/// wrong, zero or missing in many files, and files are joined end to end.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/audio/sound_bytes.h"

namespace cudenza {

/// What the four bytes at the start of each frame say.
struct Mp3Header {
  int version = 1;  ///< 1; 2 for MPEG 2, 3 for MPEG 2.5
  int layer = 3;
  int sample_rate = 0, channels = 0;
  int bit_rate = 0;  ///< kbit/s; 0: free format, which does not say
  int padding = 0;   ///< bytes
  int samples = 0;   ///< of each channel that a frame holds
  bool has_checksum = false;

  /// Of the whole frame; 0 in free format.
  int bytes() const;
  /// Whether a frame may follow in the same stream: bit rates may change, these not.
  bool continues(const Mp3Header& other) const;
};
/// None if it is no header of a frame.
std::optional<Mp3Header> mp3_header(uint32_t word);

struct Mp3Frame {
  int64_t at;  ///< in the stretch
  int32_t bytes;
};

/// What a Xing, Info or VBRI frame says of the sound that follows it.
struct Mp3Promise {
  int64_t frames = 0, bytes = 0;  ///< 0: it does not say
  int delay = 0, padding = 0;     ///< samples that the encoder put before and behind the sound
  bool is_gapless = false;        ///< it says the last two
};

/// Frames of one stream: the same rate and channels, and the work of one encoder as far as can be seen.
struct Mp3Part {
  Mp3Header header;  ///< of its first frame
  std::optional<Mp3Promise> promise;
  std::vector<Mp3Frame> frames;
};

struct Mp3Index {
  std::vector<Mp3Part> parts;        ///< each with frames, unless there are none at all
  std::string fault;                 ///< why the sound ends where it does, if that is not its end
  std::vector<std::string> remarks;  ///< what was passed over without harm, but is not expected
};

/// Whether there are frames at the very beginning, or right behind tags.
bool begins_as_mp3(const FileStretch&);
/// Whether there are many frames behind something else, as in a wav file that wraps an mp3.
bool contains_mp3(const FileStretch&);
/// Whether a decoder that goes by the first bytes would take it for mp3.
bool resembles_mp3(const FileStretch&);

Mp3Index index_of_mp3(const FileStretch&);

}  // namespace cudenza
