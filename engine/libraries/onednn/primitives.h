/// oneDNN behind a seam of our own. A Plan is one of its primitives, made for one shape and kept; onednn.cpp alone sees
/// oneDNN's headers, and what differs between its versions 2 and 3.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "engine/libraries/conv.h"
#include "engine/libraries/gemm.h"
#include "kernels/common/parallel.h"

namespace cudenza::onednn {

class Plan {
 public:
  virtual ~Plan() = default;
  /// Computes on the operands, in the order that the function which gave the plan names. Any number of threads may run one
  /// plan at a time, each on its own operands; from inside an OpenMP parallel region only what was made under OneThread.
  virtual void run(std::initializer_list<const void*> operands) const = 0;
  /// What oneDNN calls the implementation it chose: "brgconv:avx512_core".
  virtual std::string_view implementation() const = 0;
  /// Whether the number of threads that it was made for may show in the bits of its sums.
  virtual bool cuts_sums() const = 0;
};

// Both give null where oneDNN has no fast implementation: for a type or a CPU that it does not serve it would run loops that
// are slower than ours. Plans are cached; a cached one costs a look-up.

enum class Pass : uint8_t { forward, backward_data, backward_weights, backward_weights_f32 /*!< dw is f32 */ };

/// The parts of a ConvEpilogue that are there. Not the ReLU: oneDNN's makes NaN 0.
struct EpilogueParts {
  bool bias = false, residual = false;
  bool in_place = false;  ///< the residual is y itself
};

/// Operands: forward {x, w, y, bias, residual}, backward_data {dy, w, dx}, backward_weights {x, dy, dw}.
std::shared_ptr<const Plan> conv_plan(const ConvShape&, Pass, EpilogueParts = {});

/// Operands: {a, b, y, bias}. Where the shape's n columns are some of a wider y, and of b unless it is transposed, `row` says how
/// many columns those have.
std::shared_ptr<const Plan> gemm_plan(const GemmShape&, bool bias, int64_t row = 0);

// oneDNN cuts work for the number of threads that a plan was made for. Some kernels then add up parts of a sum, so that its
// bits depend on that number: all gradients of weights, and what its matrix products compute. Where results must be the same for
// any number (MathMode::deterministic), convolutions take other kernels where there are; else work is cut here, by its shape
// alone, into pieces of one thread each.

/// While it lives, plans that this thread asks for are made for one thread.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Calls f(piece) for each of the pieces, under OneThread, on as many threads as there are.
template <class F> void for_pieces(int64_t pieces, F&& f) {
  kernels::parallel_ranges(pieces, kernels::kParallelGrain, [&](int64_t begin, int64_t end) {
    const OneThread one_thread;
    for (int64_t piece = begin; piece < end; ++piece) f(piece);
  });
}

}  // namespace cudenza::onednn
