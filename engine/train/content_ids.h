/// Row ids for random draws that must not depend on a row's position.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// i64 [R] on the rows' device: an id for each of the R rows, a hash of its bytes. The same clip has the same id in every
/// data set and batch, under any file name, and as i16 or f32 PCM (engine/audio/pcm.h).
Tensor content_ids(const Tensor& rows);

}  // namespace cudenza
