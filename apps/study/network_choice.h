/// A network by the names of its parts.
#pragma once
#include <memory>
#include <string>

#include "models/registry.h"

namespace cudenza {

struct NetworkChoice {
  std::string arch;
  std::string head = "linear";  ///< or fastai, pyramid
  int classes = 1000;
  double dropout = NetworkOptions{}.dropout;

  /// The network for pictures of so many channels, its parameters not yet drawn or loaded.
  std::unique_ptr<Network> make(int in_channels = 3) const;
};

}  // namespace cudenza
