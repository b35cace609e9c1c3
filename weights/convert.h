/// Weights of other programs to our HDF5 files, tensor by tensor, and checks of both.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "weights/weight_source.h"

namespace cudenza {

/// A name and a shape that a network's file must hold.
struct ExpectedTensor {
  std::string name;
  Shape shape;
};
/// The tensors of network `arch` with so many classes, as files hold them, without making the network's memory.
std::vector<ExpectedTensor> expected_tensors(const std::string& arch, int classes = 1000);

/// What a file's tensors are to our networks.
struct ArchMatch {
  std::string arch;   ///< "resnet50"; the nearest one where none fits
  int classes = 0;    ///< rows of its last layer
  std::string fault;  ///< what keeps them from fitting; empty if they fit
};
/// Holds tensors, by names and shapes, against one network or, if `arch` is empty, all. Counters of batches are no matter.
ArchMatch match_arch(const std::vector<TensorRecord>&, const std::string& arch = "");

struct SourceHash {
  std::string sha256, in_name;  ///< the digits in its name; empty if it has none
  bool agrees() const { return sha256.starts_with(in_name); }
};
SourceHash hash_of(const FileBytes&);

struct ConvertReport {
  std::string arch, variant;  ///< variant: of the official file that this is; empty if it is none
  int classes = 0;
  WeightContainer container;
  SourceHash hash;
  size_t tensors = 0;
  int64_t numbers = 0;
};

/// Writes `in`'s tensors to the file `out`. Holds one piece of one tensor at a time. Throws DataError if the file is no
/// container of weights, its hash is not the one in its name, or its tensors do not fit network `arch` (any, if empty).
ConvertReport convert_weights(const std::filesystem::path& in, const std::filesystem::path& out, const std::string& arch = "");

}  // namespace cudenza
