/// What libraries may trade for speed: one setting for the whole process, made before the first step.
#pragma once

namespace cudenza {

struct MathMode {
  /// f32 convolutions and matrix products may round their inputs to TF32 (10 bits after the point instead of 23) for the
  /// tensor cores. Sums stay f32. The defaults are PyTorch's: a network's convolutions bear it, a matrix product need not.
  bool tf32_convolutions = true;
  bool tf32_matmuls = false;
  /// Only algorithms that give the same bits every time; on a CPU also for any number of threads, and judging a row gives the
  /// same whatever rows are judged with it.
  bool deterministic = false;
  /// Time the best few convolution engines on the device at a shape's first use, instead of trusting cuDNN's heuristics.
  /// Starts as the environment says: CUDENZA_AUTOTUNE=1.
  bool autotune = false;

  bool operator==(const MathMode&) const = default;
};

MathMode math_mode();
void set_math_mode(const MathMode&);

/// While it lives, full f32 and the same bits every time: what tests hold a device's results to.
class ExactMath {
 public:
  ExactMath() : before_(math_mode()) {
    set_math_mode({.tf32_convolutions = false, .tf32_matmuls = false, .deterministic = true, .autotune = before_.autotune});
  }
  ~ExactMath() { set_math_mode(before_); }
  ExactMath(const ExactMath&) = delete;
  ExactMath& operator=(const ExactMath&) = delete;

 private:
  MathMode before_;
};

}  // namespace cudenza
