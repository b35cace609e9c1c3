/// What a model's file holds of its quantization: the group "int8".
///
///   int8/layers    names of the layers that have a plan          int8/numbers  f32 [layers,3]: x_scale, and y's scale and zero
///   int8/weights/<layer>  u8 that hold the bits of -127 … 127    int8/scales/<layer>, int8/biases/<layer>  f32 [filters]
///
/// Attributes say what it was calibrated on and how it judged. Layers in bytes have no f32 weight in the file.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/io/hdf5_file.h"
#include "engine/nn/int8.h"
#include "engine/run/metrics.h"

namespace cudenza {

struct Int8Facts {
  std::string made_of;             ///< checksum_of() the f32 model's file
  int64_t layers = 0;              ///< that compute in bytes
  int64_t clips = 0;               ///< that its activations were calibrated on
  std::string part;                ///< of the data that both were judged by
  Proportion f32 = {}, int8 = {};  ///< correct answers
  int64_t changed = 0;             ///< answers that are others than f32's
};

/// What a file's first block says of its content; empty if it has no checksum or cannot be read.
std::string checksum_of(const std::filesystem::path&);

void write_int8(Hdf5File&, const Int8Plans&, const Int8Facts&);
bool is_quantized(const Hdf5File&);
/// Of a quantized file. Throw DataError if its numbers cannot be those of a network.
Int8Plans read_int8(const Hdf5File&);
Int8Facts read_int8_facts(const Hdf5File&);

int64_t layers_in_bytes(const Int8Plans&);
/// Names of the f32 weights that plans replace.
std::vector<std::string> replaced_weights(const Int8Plans&);
/// "of 240 files (valid) f32 has 232 right (96.7 %) and int8 231 (96.2 %); 3 answers differ"
std::string comparison_of(const Int8Facts&);

}  // namespace cudenza
