/// The file that --weights names: ours, or one of another program (weights/weight_source.h), which is converted on the way.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/hdf5_file.h"
#include "weights/input_scale.h"

namespace cudenza {

struct WeightsFile {
  std::filesystem::path path;             ///< as the user named it
  Hdf5File file;                          ///< its weights
  std::vector<std::string> remarks = {};  ///< what of a converted file was taken and what was not (weights/weight_choice.h)
};

/// Opens it. A file of another format is converted in the folder for temporary files; its copy there has no name any more when
/// this returns, so that nothing stays behind. `input_scale` is what it was trained with. Throws DataError if it cannot be read,
/// does not fit any network, or there is no room; UsageError if `input_scale` is given for a converted file.
WeightsFile open_weights(const std::filesystem::path&, std::optional<InputScale> = {});

/// Whether a file is HDF5 and not Keras's, which is converted as those of other formats. Throws DataError if it cannot be read.
bool is_own_hdf5(const std::filesystem::path&);

}  // namespace cudenza
