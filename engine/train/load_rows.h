/// Loads files of a data set as rows in memory: sounds as PCM of one length, pictures as bytes of one size.
#pragma once
#include "engine/audio/clips.h"
#include "engine/audio/sound_file.h"
#include "engine/data/dataset.h"
#include "engine/train/input_spec.h"

namespace cudenza {

struct Rows {
  Tensor data;                       ///< i16 or f32 [R, samples] (engine/audio/pcm.h) or u8 [R, H, W, C], on the CPU
  std::vector<int> item;             ///< per row: index into Dataset::items, ascending
  int64_t in_16_bits = 0;            ///< rows of sound that i16 would hold: all, unless `data` is f32
  std::vector<std::string> bad;      ///< unusable files, each with the reason
  std::vector<std::string> remarks;  ///< files used with a warning, each with the reason
};

/// Sounds at the input's sample rate. A sound shorter than a row is repeated to fill one. A longer one is cut into whole
/// rows; a rest of at least half a row gives one more row, the last samples of the sound, which overlaps. `items` are indices
/// into the data set; bad files are left out and named. `on_progress` gets files done and all files. One sound that does not fit
/// 16 bits makes all rows f32.
Rows load_sound_rows(const Dataset&, std::span<const int> items, const InputSpec&, const LoadClipsOptions& = {},
                     const std::function<void(size_t, size_t)>& on_progress = {});

/// Pictures, borders removed, resized to the input's rows (wider for crops): one row per file. `threads` 0: one per core.
Rows load_picture_rows(const Dataset&, std::span<const int> items, const InputSpec&, int threads = 0,
                       const std::function<void(size_t, size_t)>& on_progress = {});

/// One sound [length] as rows [R, samples] of its type.
Tensor rows_of(const Tensor& pcm, int64_t samples);

/// Length of the longest sound by the files' headers, at most `most` seconds: a row length for all. Skips bad files.
double longest_seconds(const Dataset&, std::span<const int> items, double most);

}  // namespace cudenza
