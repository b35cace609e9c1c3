/// Files of weights of a network's true size that take next to no room: safetensors whose numbers are a hole, but for a few.
#pragma once
#include <filesystem>
#include <string>

namespace cudenza::testing {

struct SparseWeights {
  std::string arch;
  int classes = 1000;
  std::string without = {};   ///< a tensor that is left out
  bool with_counter = true;   ///< a num_batches_tracked beside
  std::string prefix = {};    ///< before all names
  float scale = 1;            ///< of the first numbers
  std::string metadata = {};  ///< members of __metadata__, as JSON
};
/// The first number of every tensor is scale (1 + its place among the tensors); the others are 0.
void write_sparse_weights(const std::filesystem::path&, const SparseWeights&);

}  // namespace cudenza::testing
