/// State dicts: the tensors that a file holds under one key.
#pragma once
#include <string>
#include <vector>

#include "weights/source_layer.h"

namespace cudenza {

struct StateDict {
  std::string key = {};  ///< its place in the file: "state_dict", "checkpoint.model"; empty: the whole file
  std::vector<TensorRecord> tensors = {};
  std::string fault = {};                  ///< why it cannot be read; empty if it can
  std::vector<std::string> wrappers = {};  ///< prefixes removed from the names: "module.", "_orig_mod."
  std::vector<SourceLayer> layers = {};    ///< the same tensors by layers, where the container says so (ONNX, Keras)
};

/// Removes the prefixes of wrappers from the tensors' names, at any depth: "module." of DataParallel and similar classes,
/// "_orig_mod." of torch.compile, those of FSDP and of checkpointing. If two names would become equal, all stay unchanged.
void take_off_wrappers(StateDict&);

}  // namespace cudenza
