/// What libraries may trade for speed: one setting for the whole process. Set it before the first step.
#pragma once

namespace cudenza {

struct MathMode {
  /// f32 convolutions and matrix products may round their inputs to TF32 (10 mantissa bits instead of 23) to use tensor
  /// cores. Sums stay f32. The defaults are PyTorch's: convolutions tolerate TF32, matrix products may not.
  bool tf32_convolutions = true;
  bool tf32_matmuls = false;
  /// Use only algorithms that give the same bits every time. On a CPU the bits are also independent of the number of threads,
  /// and the result for a row does not depend on the other rows of its batch.
  bool deterministic = false;
  /// At a shape's first use, time the best few convolution engines on the device instead of trusting cuDNN's heuristics. The
  /// environment sets the initial value: CUDENZA_AUTOTUNE=1.
  bool autotune = false;
  /// In inference on a CPU, try each convolution's algorithms at a shape's first use (engine/libraries/packed_conv.h) instead of
  /// going by rules. Not with `deterministic`: another algorithm gives other bits.
  bool trials = false;

  bool operator==(const MathMode&) const = default;
};

MathMode math_mode();
void set_math_mode(const MathMode&);

/// While it lives: full f32 and the same bits every time. For tests that compare devices.
class ExactMath {
 public:
  ExactMath() : before_(math_mode()) {
    set_math_mode({.tf32_convolutions = false,
                   .tf32_matmuls = false,
                   .deterministic = true,
                   .autotune = before_.autotune,
                   .trials = false});
  }
  ~ExactMath() { set_math_mode(before_); }
  ExactMath(const ExactMath&) = delete;
  ExactMath& operator=(const ExactMath&) = delete;

 private:
  MathMode before_;
};

}  // namespace cudenza
