/// Names of rows for draws that must not depend on where a row stands.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// i64 [R] on the rows' device: for each of the R rows a number made of its bytes. The same clip has the same number in every
/// data set and batch, whatever its file is called.
Tensor content_ids(const Tensor& rows);

}  // namespace cudenza
