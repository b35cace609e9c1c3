/// Which of the tensors in a file are a network's weights. People save state dicts in many ways: under a key of a checkpoint
/// ("state_dict", "model", "net"), as a part of a larger module (names that begin with "model." or "encoder."), twice (as they
/// are trained, and averaged). What fits one of our networks by names and shapes is taken, whatever it is called.
#pragma once
#include <string>
#include <vector>

#include "weights/arch_match.h"
#include "weights/weight_source.h"

namespace cudenza {

struct WeightChoice {
  std::string key = {}, prefix = {};         ///< where they stand: under "state_dict", names that begin with "model."; or empty
  std::vector<std::string> wrappers = {};    ///< what was taken off their names besides (state_dict.h)
  std::vector<TensorRecord> tensors = {};    ///< under the network's names; if nothing fits, the nearest state dict as it is
  ArchMatch match = {};                      ///< of the network, or of the nearest where none fits
  std::vector<std::string> others = {};      ///< what fits as well: each is a name for `key` of choose_weights()
  std::vector<std::string> unreadable = {};  ///< faults of other parts of the file
  NameList left_out = {};                    ///< tensors outside of the network

  /// What was taken and what was not, a sentence each; nothing if the file is no more than the network's state dict.
  std::vector<std::string> remarks() const;
};

/// Chooses for network `arch` (any, if empty). Where several fit, weights with a classifier go before those without, averages (a
/// name with "ema", "swa", "teacher" in it) come last, and else the first in the file is taken; `key` names another one, as the
/// file or `others` calls it. If nothing fits, the nearest is given, with match.fault. Throws UsageError if there is no such key.
WeightChoice choose_weights(const WeightSource&, const std::string& arch = "", const std::string& key = "");

/// "'state_dict' (182 tensors: conv1.weight, bn1.weight, … and 177 more)": what a file holds, for a message.
std::string contents_of(const WeightSource&);

}  // namespace cudenza
