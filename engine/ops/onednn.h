/// oneDNN behind a seam of our own. A Plan is one of its primitives, made for one shape and kept; onednn.cpp alone sees
/// oneDNN's headers, and what differs between its versions 2 and 3.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "engine/ops/conv_backend.h"
#include "engine/ops/gemm.h"

namespace cudenza::onednn {

class Plan {
 public:
  virtual ~Plan() = default;
  /// Computes on the operands, in the order that the function which gave the plan names. Any number of threads may run one
  /// plan at a time, each on its own operands, but not from inside an OpenMP parallel region.
  virtual void run(std::initializer_list<const void*> operands) const = 0;
  /// What oneDNN calls the implementation it chose: "brgconv:avx512_core".
  virtual std::string_view implementation() const = 0;
};

// Both give null where oneDNN has no fast implementation: for a type or a CPU that it does not serve it would run loops that
// are slower than ours. Plans are cached; a cached one costs a look-up.

enum class Pass : uint8_t { forward, backward_data, backward_weights };

/// The parts of a ConvEpilogue that are there.
struct EpilogueParts {
  bool bias = false, residual = false, relu = false;
  bool in_place = false;  ///< the residual is y itself
};

/// Operands: forward {x, w, y, bias, residual}, backward_data {dy, w, dx}, backward_weights {x, dy, dw}.
std::shared_ptr<const Plan> conv_plan(const ConvShape&, Pass, EpilogueParts = {});

/// Operands: {a, b, y, bias}.
std::shared_ptr<const Plan> gemm_plan(const GemmShape&, bool bias);

}  // namespace cudenza::onednn
