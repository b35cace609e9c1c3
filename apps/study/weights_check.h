/// Whether a file of weights is whole, and what it says it is.
#pragma once
#include <filesystem>
#include <string>

#include "weights/convert.h"

namespace cudenza {

struct CheckedWeights {
  std::string container;  ///< "HDF5", or what the file is otherwise
  std::string arch;       ///< the network; empty: none of ours
  size_t tensors = 0;
  size_t wanted = 0;                                 ///< tensors that the network has; 0: none of ours
  std::string missing = {};                          ///< names of those that the file lacks, a classifier's; empty: none
  std::string sha256;                                ///< of the file, or of the one that an HDF5 file was made of
  std::string source = {};                           ///< of an HDF5 file: the file that it was made of
  SourceHash hash = {};                              ///< of a file that is not HDF5
  std::string license = {}, origin = {}, note = {};  ///< as in WeightsInfo
  std::string official = {};                         ///< the official file that this is, or was made of; empty: none

  bool is_hdf5() const { return container == "HDF5"; }
};

/// Reads all of it. Throws DataError if a tensor cannot be read or is not finite, if they are not those of the network that the
/// file names, or if its SHA-256 is not the one in its name.
CheckedWeights check_weights(const std::filesystem::path&);

/// How far a file's SHA-256 has been held against one that is known.
std::string text_of(const SourceHash&);

}  // namespace cudenza
