/// Gives the layers of a file with names of its own the names of a network's tensors.
///
/// Convolutions are told by their shape and their depth: the number of layers on the longest way from the input to them. In a
/// network without shortcuts that is their order. Where the file does not say how its layers hang together, their order alone is
/// taken, and networks with shortcuts are refused: a shortcut's convolution may have the shape of another one.
#pragma once
#include <string>
#include <vector>

#include "weights/arch_match.h"
#include "weights/source_layer.h"

namespace cudenza {

struct NamedLayers {
  std::vector<TensorRecord> tensors = {};  ///< with the network's names
  std::string fault = {};                  ///< why the layers are not the network's; empty if they are
  double score = 0;                        ///< tensors that fit
  NameList left_out = {};                  ///< dense layers that are not the network's: another task's classifier
  std::string note = {};                   ///< how the function of the file's network differs from ours; empty if it does not
  bool may_be_folded = false;              ///< batch norms may have been folded into its convolutions: the file does not tell
};

/// A convolution's bias before a batch norm that ours lacks goes into the running mean, and an epsilon other than ours into the
/// variance: in exact arithmetic that changes nothing. Dense layers are taken if all fit, with any number of classes.
/// A network without batch norms and one whose batch norms were folded into its convolutions have the same shapes: the names of
/// PyTorch's modules tell them apart where the file has them.
NamedLayers name_layers(const std::vector<SourceLayer>&, const std::string& arch, const std::vector<ExpectedTensor>& expected);

}  // namespace cudenza
