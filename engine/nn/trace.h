/// What a network does with a batch, op by op: for descriptions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/nn/module.h"

namespace cudenza {

struct TracedOp {
  std::string name;     ///< the layer ("layer1.0.conv1"), or the module that calls an op without parameters ("layer1.0.se")
  std::string_view op;  ///< "conv_bn_act"
  Shape x, y;           ///< of the first input and the result
  Shape filters;        ///< [K,R,S,C] of a convolution
  int64_t parameters = 0;
  double flops = 0;  ///< of convolutions and linear layers: two for each multiply-add
};

struct Trace {
  std::vector<TracedOp> ops;
  size_t kept_bytes = 0;  ///< what the results of the ops and their backward passes hold when the last is done
};

/// Runs the module on a batch x, in the mode it is in, and notes every op but reshapes. x lives on the CPU, in f32.
Trace trace(Module&, const Tensor& x);

}  // namespace cudenza
