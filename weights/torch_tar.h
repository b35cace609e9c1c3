/// The container of torch.save before PyTorch 0.1.10: a tar archive of four members.
///
///   storages   pickle: their number; for each: pickle (key, location, class), int64 count, the numbers; last a pickle: list of
///              views (key, key of the base storage, offset, count)
///   tensors    pickle: their number; for each: pickle (key, key of the storage, class), int32 axes, 4 bytes of padding, int64
///              sizes, int64 strides, int64 offset
///   pickle     the object; persistent ids are bare keys, integers or text
///   sys_info   pickle: a dict with `little_endian`
#pragma once
#include "weights/state_dict.h"

namespace cudenza {

/// Whether this 512-byte block is the first of a tar archive: its checksum is correct.
bool is_tar_header(std::span<const std::byte> block);

std::vector<StateDict> read_torch_tar(const FileBytes&);

}  // namespace cudenza
