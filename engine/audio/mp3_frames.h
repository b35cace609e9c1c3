/// Finds the frames of an mp3 file (MPEG 1, 2 and 2.5, layers I to III), what lies between and after them, and what its Xing,
/// Info or VBRI frames say. Walks over all frames, because no header is reliable: in many files the counts are wrong, zero or
/// missing, and files are joined end to end.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/audio/sound_bytes.h"

namespace cudenza {

/// The four-byte header of a frame.
struct Mp3Header {
  int version = 1;  ///< 1 or 2; 3 for MPEG 2.5
  int layer = 3;
  int sample_rate = 0, channels = 0;
  int bit_rate = 0;  ///< kbit/s; 0: free format, not stated
  int padding = 0;   ///< bytes
  int samples = 0;   ///< per channel in a frame
  bool has_checksum = false;

  /// Size of the whole frame; 0 in free format.
  int bytes() const;
  /// Whether both frames fit into one stream: only bit rate, padding and checksum may differ.
  bool continues(const Mp3Header& other) const;
};
/// nullopt if it is no frame header.
std::optional<Mp3Header> mp3_header(uint32_t word);

struct Mp3Frame {
  int64_t at;  ///< in the stretch
  int32_t bytes;
};

/// What a Xing, Info or VBRI frame says about the sound after it.
struct Mp3Promise {
  int64_t frames = 0, bytes = 0;  ///< 0: not stated
  int delay = 0, padding = 0;     ///< samples that the encoder added before and after the sound
  bool is_gapless = false;        ///< delay and padding are stated
};

/// Frames of one stream: equal rate and channels, and from one encoder as far as can be seen.
struct Mp3Part {
  Mp3Header header;  ///< of its first frame
  std::optional<Mp3Promise> promise;
  std::vector<Mp3Frame> frames;
};

struct Mp3Index {
  std::vector<Mp3Part> parts;        ///< each with frames, unless the file has none
  std::string fault;                 ///< why the sound ends early; empty if it does not
  std::vector<std::string> remarks;  ///< unexpected but harmless bytes that were skipped
};

/// Whether frames are at the very beginning, or right after tags.
bool begins_as_mp3(const FileStretch&);
/// Whether many frames come after other data, as in a wav file that wraps an mp3.
bool contains_mp3(const FileStretch&);
/// Whether a decoder that looks only at the first bytes would take it for mp3.
bool resembles_mp3(const FileStretch&);

Mp3Index index_of_mp3(const FileStretch&);

}  // namespace cudenza
