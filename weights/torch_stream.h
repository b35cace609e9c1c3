/// The container of torch.save in PyTorch 0.1.10 to 1.5: pickles one after another, then the numbers.
///
///   0x1950a86a20f9469cfc6c   1001   system facts   the object   the list of storage keys
///   for each key: int64 count, and the numbers
///
/// Persistent ids are ('storage', class, key, location, count, view); a view is None or (key, offset, count).
#pragma once
#include "weights/state_dict.h"

namespace cudenza {

std::vector<StateDict> read_torch_stream(const FileBytes&);

}  // namespace cudenza
