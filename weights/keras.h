/// Weights in Keras's HDF5 files: of Keras 1 to 3, weights alone or whole models (weights/keras_layers.h has the layouts).
///
/// libhdf5 1.10 reads them, which is known to crash on files that were made to harm it: files of strangers are to be opened with
/// care. What its answers claim is checked here as for the other containers.
#pragma once
#include "engine/io/hdf5_file.h"
#include "weights/weight_content.h"

namespace cudenza {

/// Whether an HDF5 file that is none of ours holds variables of Keras's.
bool is_keras(const Hdf5File&);

/// Throws DataError if the file is damaged, is one of ours, or holds no variables of Keras's.
WeightContent read_keras(const FileBytes&);

}  // namespace cudenza
