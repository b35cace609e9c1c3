/// ONNX files: the initializers under their names, and the layers of the graph with what is their weight, bias and batch norm.
///
/// Weights are found where exporters leave them: in initializers, Constant nodes, and either of them through Identity and
/// Transpose. torch.onnx.export keeps PyTorch's names, except for what it folds (weights/layer_match.h).
#pragma once
#include "weights/weight_content.h"

namespace cudenza {

/// Throws DataError if the file is corrupt, or if it keeps numbers in another file (external data).
WeightContent read_onnx(const FileBytes&);

}  // namespace cudenza
