/// Files of a data set as rows in memory: sounds as 16-bit PCM of one length, pictures as bytes of one size.
#pragma once
#include "engine/audio/clips.h"
#include "engine/audio/sound_file.h"
#include "engine/data/dataset.h"
#include "engine/train/input_spec.h"

namespace cudenza {

struct Rows {
  Tensor data;                       ///< i16 [R, samples] or u8 [R, H, W, C], on the CPU
  std::vector<int> item;             ///< of each row: index into Dataset::items, ascending
  std::vector<std::string> bad;      ///< files that could not be used, each with its reason
  std::vector<std::string> remarks;  ///< files that are used, but deserve a warning, each with its reason
};

/// Sounds at the input's rate. A sound shorter than a row is repeated until it fills one; of a longer one each whole row's length
/// is a row, and what remains is one more (the last of it, overlapping) if it is at least half a row. `items` are indices into
/// the data set; bad files are left out and named. `on_progress` is called with files done and in all.
Rows load_sound_rows(const Dataset&, std::span<const int> items, const InputSpec&, const LoadClipsOptions& = {},
                     const std::function<void(size_t, size_t)>& on_progress = {});

/// Pictures, without their borders and resized to the input's rows (wider for crops): one row a file. `threads` 0: one a core.
Rows load_picture_rows(const Dataset&, std::span<const int> items, const InputSpec&, int threads = 0,
                       const std::function<void(size_t, size_t)>& on_progress = {});

/// One sound as rows: [R, samples].
Tensor rows_of(std::span<const int16_t> pcm, int64_t samples);

/// The longest sound's length by the files' headers, but at most `most` seconds: a row that fits all. Bad files are passed over.
double longest_seconds(const Dataset&, std::span<const int> items, double most);

}  // namespace cudenza
