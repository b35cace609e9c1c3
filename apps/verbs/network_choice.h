/// The options by which the verbs that run a network are told which, and in what arithmetic.
#pragma once
#include <memory>
#include <string>

#include "apps/verbs/verbs.h"
#include "models/registry.h"

namespace cudenza {

struct NetworkChoice {
  std::string arch;
  std::string head = "linear";  ///< or fastai
  int classes = 1000;
  double dropout = NetworkOptions{}.dropout;

  /// The network for pictures of so many channels, its parameters not yet drawn or loaded.
  std::unique_ptr<Network> make(int in_channels = 3) const;
};

/// --head and --classes, and the network's name under `name` ("--arch", "--model").
CLI::Option* add_network_options(CLI::App& verb, NetworkChoice&, const std::string& name);

/// The element type that --precision stands for, `automatic` where it is auto. Tells the GPU's libraries whether they may
/// take TF32 for f32 and what --deterministic and --autotune say. Throws UsageError for what the device does not compute.
DType chosen_type(const Common&, Device, DType automatic);
/// The same for training and judging, which take bf16 for "auto" where the device multiplies it (a GPU; AVX512-BF16 or AMX), else
/// f32. Pictures are made in this type.
DType study_type(const Common&, Device);

}  // namespace cudenza
