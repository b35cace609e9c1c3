#pragma once
#include "engine/data/dataset.h"

namespace cudenza {

/// A data set from a CSV with the columns path,label[,split][,track]. Throws DataError, as open_dataset() says.
Dataset dataset_from_csv(const std::filesystem::path&);

}  // namespace cudenza
