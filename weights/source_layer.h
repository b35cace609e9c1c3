/// Layers of a file whose tensors have names of its own (ONNX graphs, Keras's files): what they are is told by their kind, their
/// shapes and their places.
#pragma once
#include <optional>

#include "weights/tensor_record.h"

namespace cudenza {

struct SourceNorm {
  TensorRecord weight, bias, mean, variance;
  double epsilon;
};

struct SourceLayer {
  enum class Kind : uint8_t { conv, dense };
  Kind kind = Kind::conv;
  std::string name;          ///< as the file has it
  TensorRecord weight = {};  ///< as PyTorch has it: convolutions [out,in,h,w], dense layers [out,in]
  std::optional<TensorRecord> bias = {};
  std::optional<SourceNorm> norm = {};  ///< the batch norm of its result
  int depth = 0;                        ///< layers on the longest way from the input to it, itself included; 0: not known
  int64_t stride = 0;                   ///< 0: not known
  std::string torch_name = {};          ///< of its module in PyTorch ("features.3"), where the file keeps that
  bool may_be_folded = false;           ///< the file would not tell if a batch norm had been folded into it
  std::string fault = {};               ///< why its weights cannot be read; empty if they can
};

/// The tensor with its axes in another order: axis i of the result is axis order[i] of the record.
/// REQUIRES a permutation of its axes and no joined ones.
TensorRecord permuted(TensorRecord, const std::vector<int64_t>& order);

/// So many zeros: the bias of a layer that has none.
TensorRecord zeros_record(int64_t count);

/// A dense layer's weight [out, positions · channels], whose columns are in the order (position, channel), as PyTorch has it:
/// (channel, position). REQUIRES columns to be a multiple of `channels`.
TensorRecord with_channels_first(TensorRecord dense, int64_t channels);

}  // namespace cudenza
