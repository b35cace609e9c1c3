/// The container of Hugging Face's safetensors: a little-endian u64 with the size of the JSON, the JSON, then the numbers.
///
///   {"conv1.weight": {"dtype": "F32", "shape": [64,3,7,7], "data_offsets": [0,37632]}, …, "__metadata__": {"format": "pt"}}
#pragma once
#include "weights/tensor_record.h"

namespace cudenza {

std::vector<TensorRecord> read_safetensors(const FileBytes&);

}  // namespace cudenza
