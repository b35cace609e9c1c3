/// Converts weights of other programs to our HDF5 files, tensor by tensor, and checks both.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "weights/input_scale.h"
#include "weights/weight_choice.h"

namespace cudenza {

struct SourceHash {
  std::string sha256, in_name;  ///< the digits in the file's name; empty if it has none
  bool agrees() const { return sha256.starts_with(in_name); }
};
SourceHash hash_of(const FileBytes&);
/// Throws DataError if the file has an official file's name but other content.
void check_official_name(const FileBytes&, const std::string& sha256);

struct ConvertReport {
  std::string arch, variant;  ///< variant: that of the official file, if it is one; else empty
  int classes = 0;
  WeightContainer container;
  SourceHash hash;
  size_t tensors = 0;
  int64_t numbers = 0;
  InputScale input_scale = InputScale::torch;
  std::string license = {}, origin = {};
  std::vector<std::string> remarks = {};  ///< WeightChoice's, and what is assumed
};

struct ConvertOptions {
  std::string arch = {};                       ///< the network; empty: told by names and shapes
  std::string key = {};                        ///< the state dict to take; empty: as choose_weights() chooses
  std::optional<InputScale> input_scale = {};  ///< what the file was trained with; none: torch
  std::string license = {}, origin = {};       ///< in place of what the file says
};

/// Writes the weights in `in` to the file `out`: those that choose_weights() takes. Holds one piece of one tensor in memory, or a
/// whole one that is stored in another order. Throws DataError if the file is no container of weights, its hash differs from that
/// in its name, its tensors do not fit the network, or a number is not finite.
ConvertReport convert_weights(const std::filesystem::path& in, const std::filesystem::path& out, const ConvertOptions& = {});

}  // namespace cudenza
