/// What a sound file's header promises, where the library that decodes it keeps quiet.
#pragma once
#include <optional>

namespace cudenza {

/// How much of the sound that the header of a RIFF (wav), FORM (aiff) or au file promises is in the file: 1 if all is, 0.4 if it
/// was cut off at two fifths. None for other files and for headers that do not say (those written to a pipe). Leaves the
/// position of the descriptor `file` where it was.
std::optional<double> share_present(int file);

/// Whether an mp3 file says how many frames it has (a Xing, Info or VBRI header in its first frame). The decoder guesses the
/// length of others from their first frame's bit rate.
bool mp3_has_length(int file);

}  // namespace cudenza
