/// Lists the ops of a network on a batch, for descriptions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/nn/module.h"

namespace cudenza {

struct TracedOp {
  std::string name;     ///< the layer ("layer1.0.conv1"); for ops without parameters the calling module ("layer1.0.se")
  std::string_view op;  ///< "conv_bn_act"
  Shape x, y;           ///< of the first input and the result
  Shape filters;        ///< [K,R,S,C] of a convolution
  int64_t parameters = 0;
  double flops = 0;  ///< of convolutions and linear layers; a multiply-add counts as two
};

struct Trace {
  std::vector<TracedOp> ops;
  size_t kept_bytes = 0;  ///< memory kept after the last op: results, and tensors saved for the backward pass
};

/// Runs the module in its current mode on a batch x (f32, on the CPU) and records every op except reshape.
Trace trace(Module&, const Tensor& x);

}  // namespace cudenza
