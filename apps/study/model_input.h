/// What a trained model sees of a data set's files, for holding its training and its judgement against another framework's.
#pragma once
#include <filesystem>

#include "apps/study/compute.h"
#include "apps/study/observer.h"
#include "engine/audio/picture.h"

namespace cudenza {

struct ModelInputChoice {
  std::filesystem::path model;  ///< a run directory or a model's file
  std::filesystem::path data;   ///< a folder or a CSV
  std::filesystem::path out;    ///< the HDF5 file: /<path in data>/image, f32 [pictures, rows, columns, channels]
  int workers = 0;              ///< threads that decode; 0: one a core
  bool strict = false;          ///< a bad file ends it
};

struct ModelInputFacts {
  size_t files = 0;     ///< that were written
  PictureSpec picture;  ///< of each
};

/// Writes the network input of every file as the model's training and evaluation make it without augmentation: its size, its
/// clip and crop, its normalisation with the statistics of its own training clips. Throws DataError if none can be used,
/// UsageError if `out` is a file of another.
ModelInputFacts write_model_input(const ModelInputChoice&, const Compute&, Observer&);

}  // namespace cudenza
