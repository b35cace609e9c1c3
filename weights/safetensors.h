/// The container of Hugging Face's safetensors: a little-endian u64 with the size of the JSON, the JSON, then the numbers.
///
///   {"conv1.weight": {"dtype": "F32", "shape": [64,3,7,7], "data_offsets": [0,37632]}, …, "__metadata__": {"format": "pt"}}
///
/// What `__metadata__` says of licence and origin is taken (weights/weight_content.h).
#pragma once
#include "weights/weight_content.h"

namespace cudenza {

WeightContent read_safetensors(const FileBytes&);

}  // namespace cudenza
