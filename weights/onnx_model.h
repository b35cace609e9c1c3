/// The messages of an ONNX file that weights need: ModelProto, GraphProto, NodeProto, AttributeProto and TensorProto, as
/// github.com/onnx/onnx, onnx/onnx.proto has them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "weights/weight_content.h"

namespace cudenza {

/// A tensor of the file. If its numbers cannot be read, `fault` says why, and only its name and sizes count.
struct OnnxTensor {
  TensorRecord record;
  std::string fault = {};
};

/// A node, with those of its attributes that say how its weights are used.
struct OnnxNode {
  std::string op, name;
  std::vector<std::string> inputs, outputs;
  std::optional<OnnxTensor> value = {};  ///< of a Constant
  bool transposed_b = false;             ///< Gemm's transB
  float alpha = 1, beta = 1;             ///< Gemm's
  float epsilon = 1e-5F;                 ///< BatchNormalization's
  std::vector<int64_t> order = {};       ///< Transpose's perm
  std::vector<int64_t> strides = {};     ///< Conv's
};

struct OnnxModel {
  std::vector<OnnxNode> nodes = {};
  std::vector<OnnxTensor> initializers = {};
  SourceFacts facts = {};
};

/// Whether a file that begins with `head` is a ModelProto as ONNX's own tools write it: its first field is the version.
bool begins_as_onnx(std::span<const std::byte> head);

/// Throws DataError if the file is corrupt, or if it keeps numbers in another file (external data).
OnnxModel read_onnx_model(const FileBytes&);

}  // namespace cudenza
