/// How files become what a network sees: kept with a model, so that whoever uses it hears as it heard in training.
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
  std::string preset = "seed";  ///< what `mel` began as
  MelSpec mel = {};
  PictureSpec picture = {};
  Normalize normalize = Normalize::global;
  MelStatistics statistics = {};  ///< of the training clips, for Normalize::global and bin
  double clip_seconds = 30;       ///< length of a row: shorter sounds are repeated, longer ones cut into several rows
  double crop_seconds = 0;        ///< what the network hears of a row at once; 0: all of it
  double crop_width = 0;          ///< the part of a picture's width that it sees at once, in (0, 1); 0: all of it

  int columns_of_row() const;  ///< of a picture as it is kept: more than `picture.width` where crops are seen of it
  int64_t clip_samples() const;
  int64_t crop_samples() const;  ///< 0: the whole row
  /// Throws UsageError naming the value and the remedy.
  void check() const;
  /// The same for what a file says, where pictures may be smaller.
  void check_values() const;
};

/// Under the group "input". The element type of pictures is not kept: it is chosen anew with the precision.
void write_input_spec(Hdf5File&, const InputSpec&);
/// Throws DataError if the file holds none, or one that makes no sense.
InputSpec read_input_spec(const Hdf5File&);

}  // namespace cudenza
