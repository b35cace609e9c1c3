/// State dicts: the tensors that a file holds under one key.
#pragma once
#include <string>
#include <vector>

#include "weights/tensor_record.h"

namespace cudenza {

struct StateDict {
  std::string key = {};  ///< where it stands in the file: "state_dict", "checkpoint.model"; empty: it is the file's whole content
  std::vector<TensorRecord> tensors = {};
  std::string fault = {};                  ///< why it cannot be read; empty if it can
  std::vector<std::string> wrappers = {};  ///< what was taken off its names: "module.", "_orig_mod."
};

/// Takes the names of wrappers out of the tensors' names, wherever they stand: "module." of DataParallel and its kin,
/// "_orig_mod." of torch.compile, those of FSDP and of checkpointing. Names that would then not be told apart all stay as they
/// are.
void take_off_wrappers(StateDict&);

}  // namespace cudenza
