/// The container of torch.save since PyTorch 1.6: a zip archive with uncompressed members.
///
///   `<root>/data.pkl`    the pickle; persistent ids are ('storage', class, key, location, count)
///   `<root>/data/<key>`  the numbers of one storage
///   `<root>/byteorder`   "little", if present
#pragma once
#include "weights/state_dict.h"

namespace cudenza {

std::vector<StateDict> read_torch_zip(const FileBytes&);

}  // namespace cudenza
