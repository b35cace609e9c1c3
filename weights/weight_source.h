/// A file of weights in any of the containers that PyTorch's users have, told apart by content, not by name.
#pragma once
#include <memory>

#include "weights/state_dict.h"

namespace cudenza {

enum class WeightContainer : uint8_t { torch_zip, torch_tar, torch_stream, safetensors };
std::string_view name_of(WeightContainer);

class WeightSource {
 public:
  /// Reads the names and places of all tensors, not their numbers. Throws DataError for a file that is none of these
  /// containers, or corrupt.
  explicit WeightSource(const std::filesystem::path&);

  const FileBytes& file() const { return file_; }
  WeightContainer container() const { return container_; }
  /// What the file holds, in its order, one that can be read at least. Names are without wrappers (state_dict.h).
  const std::vector<StateDict>& state_dicts() const { return state_dicts_; }

 private:
  FileBytes file_;
  WeightContainer container_;
  std::vector<StateDict> state_dicts_;
};

/// Reads one tensor's numbers in the order of an array without gaps, as floats, piece by piece. Holds no more of the file
/// than the piece asked for; of a tensor whose strides are in another order, all that it spans.
class TensorReader {
 public:
  TensorReader(const FileBytes&, const TensorRecord&);

  /// The next out.size() numbers. No more may be asked for than there are.
  void read(std::span<float> out);

 private:
  void read_contiguous(std::span<float> out);
  void read_strided(std::span<float> out);

  const FileBytes& file_;
  const TensorRecord record_;
  const bool contiguous_;
  uint64_t position_ = 0;       ///< in elements, of a contiguous tensor
  std::vector<std::byte> raw_;  ///< a piece of a contiguous tensor, or the whole span of a strided one
  std::vector<int64_t> index_;  ///< of the next element of a strided one
};

}  // namespace cudenza
