/// The container of torch.save before PyTorch 0.1.10: a tar archive of four members.
///
///   storages   pickle: how many; each a pickle (key, location, class), int64 count, the numbers; last a pickle: the list of
///              views (key, key of the whole, offset, count)
///   tensors    pickle: how many; each a pickle (key, storage's key, class), int32 axes, 4 bytes of padding, int64 sizes, int64
///              strides, int64 offset
///   pickle     the object; persistent ids are bare keys, as integers or text
///   sys_info   pickle: a dict with `little_endian`
#pragma once
#include "weights/state_dict.h"

namespace cudenza {

/// Whether this block of 512 bytes is a tar archive's first: its checksum holds.
bool is_tar_header(std::span<const std::byte> block);

std::vector<StateDict> read_torch_tar(const FileBytes&);

}  // namespace cudenza
