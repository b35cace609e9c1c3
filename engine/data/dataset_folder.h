#pragma once
#include "engine/data/dataset.h"

namespace cudenza {

/// A data set from a folder with one sub-folder a class. Throws DataError, as open_dataset() says.
Dataset dataset_from_folder(const std::filesystem::path&);

}  // namespace cudenza
