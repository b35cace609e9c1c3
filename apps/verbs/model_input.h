/// What a trained model sees of a data set's files, for holding its training and its judgement against another framework's.
#pragma once
#include <string>

#include "apps/verbs/verbs.h"

namespace cudenza {

struct ModelInputChoice {
  std::string model;  ///< a run directory or a model's file
  std::string data;   ///< a folder or a CSV
  std::string out;    ///< the HDF5 file: /<path in data>/image, f32 [pictures, rows, columns, channels]
  bool strict = false;
};

/// Writes the network input of every file as the model's training and evaluation make it without augmentation: its size, its
/// clip and crop, its normalisation with the statistics of its own training clips. Throws DataError if none can be used.
void write_model_input(const ModelInputChoice&, const Common&);

}  // namespace cudenza
