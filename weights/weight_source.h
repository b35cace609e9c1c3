/// A file of weights in any container that users of PyTorch, ONNX and Keras have, recognised by content, not by name.
#pragma once
#include <memory>

#include "weights/weight_content.h"

namespace cudenza {

enum class WeightContainer : uint8_t { torch_zip, torch_tar, torch_stream, safetensors, onnx, keras };
std::string_view name_of(WeightContainer);

class WeightSource {
 public:
  /// Reads the names and places of all tensors, not their numbers. Throws DataError if the file is corrupt or none of these
  /// containers.
  explicit WeightSource(const std::filesystem::path&);

  const FileBytes& file() const { return file_; }
  WeightContainer container() const { return container_; }
  /// The file's state dicts in order, at least one of them readable. Names are without wrappers (state_dict.h).
  const std::vector<StateDict>& state_dicts() const { return content_.state_dicts; }
  const SourceFacts& facts() const { return content_.facts; }

 private:
  FileBytes file_;
  WeightContainer container_;
  WeightContent content_;
};

/// Reads one tensor's numbers in contiguous order, as floats, piece by piece. Holds only the requested piece in memory; for a
/// tensor with other strides, all that it spans. The source must live as long as the reader.
class TensorReader {
 public:
  TensorReader(const FileBytes&, const TensorRecord&);

  /// The next out.size() numbers; no more than the tensor has left.
  void read(std::span<float> out);

 private:
  void read_stored(std::span<float> out);
  void read_bytes(uint64_t at, std::span<std::byte> out) const;
  void read_contiguous(std::span<float> out);
  void read_strided(std::span<float> out);

  const FileBytes& file_;
  const TensorRecord record_;
  const bool contiguous_;
  uint64_t position_ = 0;       ///< in elements, for a contiguous tensor
  std::vector<std::byte> raw_;  ///< a piece of a contiguous tensor, or the whole span of a strided one
  std::vector<int64_t> index_;  ///< next element of a strided tensor
  std::unique_ptr<TensorReader> minus_;
};

}  // namespace cudenza
