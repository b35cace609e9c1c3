/// The file that --weights names: ours, or one of PyTorch's or a safetensors file, which is converted on the way.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/io/hdf5_file.h"

namespace cudenza {

struct WeightsFile {
  std::filesystem::path path;             ///< as the user named it
  Hdf5File file;                          ///< its weights
  std::vector<std::string> remarks = {};  ///< what of a converted file was taken and what was not (weights/weight_choice.h)
};

/// Opens it. A file of another format is converted in the folder for temporary files; its copy there has no name any more when
/// this returns, so that nothing stays behind. Throws DataError if it cannot be read, does not fit any network, or there is no
/// room.
WeightsFile open_weights(const std::filesystem::path&);

/// Whether a file begins as HDF5 does. Throws DataError if it cannot be read.
bool is_hdf5(const std::filesystem::path&);

}  // namespace cudenza
