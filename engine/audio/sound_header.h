/// What a sound file's header promises, where the library that decodes it keeps quiet.
#pragma once
#include <cstdint>
#include <optional>

namespace cudenza {

/// How much of the sound that the header of a RIFF (wav), FORM (aiff) or au file promises is in the file: 1 if all is, 0.4 if it
/// was cut off at two fifths. None for other files and for headers that do not say (those written to a pipe). Leaves the
/// position of the descriptor `file` where it was.
std::optional<double> share_present(int file);

/// Whether an mp3 file says how many frames it has (a Xing, Info or VBRI header in its first frame). The decoder guesses the
/// length of others from their first frame's bit rate, and reads no further than that.
bool mp3_has_length(int file);

/// The bytes of an mp3 file without its length, as if there were many times more of them, so that what the decoder takes for
/// its length is beyond its true end wherever that may be. Nothing is read beyond that end but, at the end of all, the last bytes
/// again, where the decoder looks for tags.
class StretchedFile {
 public:
  /// The descriptor stays the caller's, and its position where it is. Tags behind the sound (ID3v1, APEv2) are left out.
  explicit StretchedFile(int file = -1);

  int64_t size() const { return kStretch * end_; }
  int64_t position() const { return at_; }
  void go_to(int64_t at) { at_ = at; }
  /// Bytes read from the position on, which moves on; fewer than asked for at the true end.
  int64_t read(void* to, int64_t bytes);
  /// Bytes of sound behind the position.
  int64_t left() const { return at_ < end_ ? end_ - at_ : 0; }

 private:
  static constexpr int64_t kStretch = 64;  // bit rates go from 8 to 320 kbit/s
  static constexpr int64_t kTail = 128;
  int file_;
  int64_t end_ = 0, at_ = 0;
};

}  // namespace cudenza
