/// How files become network input. Saved with a model, so that inference prepares files as training did.
#pragma once
#include <memory>
#include <string>

#include "engine/audio/picture.h"
#include "engine/data/dataset.h"
#include "engine/io/hdf5_file.h"
#include "engine/train/recipe.h"

namespace cudenza {

struct InputSpec {
  Media media = Media::sound;
  std::string preset = "seed";  ///< the preset that `mel` started from
  MelSpec mel = {};
  PictureSpec picture = {};
  Normalize normalize = Normalize::global;
  MelStatistics statistics = {};  ///< of the training clips, for Normalize::global and bin
  double clip_seconds = 30;       ///< length of a row: shorter sounds are repeated, longer ones cut into several rows
  double crop_seconds = 0;        ///< part of a row that the network sees at once; 0: all of it
  double crop_width = 0;          ///< fraction of a picture's width seen at once, in (0, 1); 0: all of it

  int columns_of_row() const;  ///< of a stored picture: more than `picture.width` if the network sees crops
  int64_t clip_samples() const;
  int64_t crop_samples() const;  ///< 0: the whole row
  /// Throws UsageError with the value and the remedy if a field is invalid.
  void check() const;
  /// The same for values from a file, where pictures may be smaller.
  void check_values() const;
};

/// Writes the group "input". The pictures' dtype is not saved: the precision option sets it anew.
void write_input_spec(Hdf5File&, const InputSpec&);
/// Throws DataError if the file holds none or an invalid one.
InputSpec read_input_spec(const Hdf5File&);

}  // namespace cudenza
