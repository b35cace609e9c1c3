/// Chooses the tensors in a file that are a network's weights. Users save state dicts in many ways: under a key of a checkpoint
/// ("state_dict", "model", "net"), as part of a larger module (names begin with "model." or "encoder."), twice (trained and
/// averaged). Any that fits one of our networks by names and shapes is taken, whatever its key. ONNX's and Keras's files, whose
/// names are their own, are told by their layers (layer_match.h).
#pragma once
#include <string>
#include <vector>

#include "weights/arch_match.h"
#include "weights/weight_source.h"

namespace cudenza {

struct WeightChoice {
  std::string key = {}, prefix = {};         ///< their place: under "state_dict", names that begin with "model."; or empty
  std::vector<std::string> wrappers = {};    ///< other prefixes removed from their names (state_dict.h)
  std::vector<TensorRecord> tensors = {};    ///< with the network's names; if nothing fits, the nearest state dict unchanged
  ArchMatch match = {};                      ///< of the network, or of the nearest if none fits
  std::vector<std::string> others = {};      ///< other weights that fit: values for `key` of choose_weights()
  std::vector<std::string> unreadable = {};  ///< faults of other parts of the file
  NameList left_out = {};                    ///< tensors, or layers, outside the network
  bool by_layers = false;                    ///< taken by the layers' shapes and order: the file's names are its own
  bool may_be_folded = false;                ///< batch norms may be folded into its convolutions: the file does not tell
  std::string note = {};                     ///< how the function of the file's network differs from ours; empty: not

  /// One sentence each on what was taken and what was not; empty if the file holds just the network's state dict.
  std::vector<std::string> remarks() const;
};

/// Chooses weights for network `arch` (any, if empty). If several fit, weights with a classifier go before those without,
/// averages (a name with "ema", "swa", "teacher" in it) come last, and then the first in the file is taken. `key` selects
/// another, named as in the file or in `others`. If nothing fits, returns the nearest, with match.fault. Throws UsageError if
/// there is no such key.
WeightChoice choose_weights(const WeightSource&, const std::string& arch = "", const std::string& key = "");

/// Contents of a file, for a message: "'state_dict' (182 tensors: conv1.weight, bn1.weight, … and 177 more)".
std::string contents_of(const WeightSource&);

}  // namespace cudenza
