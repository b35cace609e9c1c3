/// What the headers of wav, aiff, au and similar files say about their sizes. libsndfile ignores some errors in them and gives up
/// on others.
#pragma once
#include <optional>
#include <vector>

#include "engine/audio/sound_bytes.h"

namespace cudenza {

struct HeaderFacts {
  /// Corrections for sizes that the writer could not fill in. Writers to a pipe cannot return to the header: they leave 0 or a
  /// number near 2^31 or 2^32 there, and the samples go on to the end of the file.
  std::vector<Patch> patches;
  /// Share of the promised sound that is in the file: 1 if all is, 0.4 if it was cut off at two fifths. nullopt for other kinds
  /// of files and for headers that do not say.
  std::optional<double> share_present;
  int64_t bytes_behind = 0;  ///< neither promised samples nor anything known
};
HeaderFacts header_facts(ByteView&);

/// The mp3 in a wav file that wraps one; else nullopt.
std::optional<FileStretch> wrapped_mp3(ByteView&);

/// Bytes of the whole file as its header says (RIFF, FORM, au); 0 if it has none.
int64_t size_in_header(ByteView&);

}  // namespace cudenza
