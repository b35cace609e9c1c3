/// What the headers of wav, aiff, au and their kin say of their own size, where the library that decodes them keeps quiet or
/// gives up.
#pragma once
#include <optional>
#include <vector>

#include "engine/audio/sound_bytes.h"

namespace cudenza {

struct HeaderFacts {
  /// Sizes as they would be had the writer been able to fill them in. Writers to a pipe cannot come back to the header: they
  /// leave 0 or a number near 2^31 or 2^32 there, and the samples go on to the end of the file.
  std::vector<Patch> patches;
  /// How much of the sound that the header promises is in the file: 1 if all is, 0.4 if it was cut off at two fifths. None for
  /// other kinds of files and for headers that do not say.
  std::optional<double> share_present;
  int64_t bytes_behind = 0;  ///< that are neither promised samples nor anything else that can be told
};
HeaderFacts header_facts(ByteView&);

/// The mp3 that a wav file wraps; nothing if it holds anything else.
std::optional<FileStretch> wrapped_mp3(ByteView&);

/// Bytes of the whole file by its own header (RIFF, FORM, au); 0 if there is none.
int64_t size_in_header(ByteView&);

}  // namespace cudenza
