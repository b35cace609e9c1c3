/// Wrapper around oneDNN. A Plan is a primitive made for one shape and kept. Only primitives.cpp includes oneDNN's headers
/// and handles the differences between its versions 2 and 3.
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
  /// Computes on the operands, in the order that conv_plan() or gemm_plan() gives. Several threads may run one plan at the
  /// same time, each on its own operands. Inside an OpenMP parallel region, run only plans made under OneThread.
  virtual void run(std::initializer_list<const void*> operands) const = 0;
  /// oneDNN's name of the implementation it chose: "brgconv:avx512_core".
  virtual std::string_view implementation() const = 0;
  /// Whether the bits of its sums may depend on the number of threads it was made for.
  virtual bool cuts_sums() const = 0;
};

// Both functions return null if oneDNN has no fast implementation for the dtype or CPU: its fallback loops are slower than
// ours. Plans are cached; a cached one costs a look-up.

enum class Pass : uint8_t { forward, backward_data, backward_weights, backward_weights_f32 /*!< dw is f32 */ };

/// The parts of a ConvEpilogue that are present, except the ReLU: oneDNN's turns NaN into 0.
struct EpilogueParts {
  bool bias = false, residual = false;
  bool in_place = false;  ///< the residual is y itself
};

/// Operands: forward {x, w, y, bias, residual}, backward_data {dy, w, dx}, backward_weights {x, dy, dw}.
std::shared_ptr<const Plan> conv_plan(const ConvShape&, Pass, EpilogueParts = {});

/// Operands: {a, b, y, bias}. If y (and b, unless transposed) is part of a wider array, `row` is that array's number of columns.
std::shared_ptr<const Plan> gemm_plan(const GemmShape&, bool bias, int64_t row = 0);

// oneDNN splits work for the number of threads that a plan was made for. Some kernels then add partial sums, so that their
// bits depend on that number: all gradients of weights, and matrix products. If results must be the same for any number of
// threads (MathMode::deterministic), convolutions use other kernels if there are any; otherwise we split the work here, by
// shape alone, into pieces of one thread each.

/// While it lives, this thread gets plans made for one thread.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// Calls f(piece) for each piece, under OneThread, on all threads.
template <class F> void for_pieces(int64_t pieces, F&& f) {
  kernels::parallel_ranges(pieces, kernels::kParallelGrain, [&](int64_t begin, int64_t end) {
    const OneThread one_thread;
    for (int64_t piece = begin; piece < end; ++piece) f(piece);
  });
}

}  // namespace cudenza::onednn
