/// What a pointwise op does to one element, with its derivative beside it. Arithmetic is in acc_t: float, or double for f64.
#pragma once
#include "kernels/common/float16.h"
#include "kernels/common/math.h"

namespace cudenza::kernels {

struct Identity {
  template <class A> HOST_DEVICE A operator()(A x) const { return x; }
};

/// y = value, whatever x holds; x is not read.
struct Constant {
  static constexpr bool kReads = false;
  double value;
  template <class A> HOST_DEVICE A operator()(A) const { return static_cast<A>(value); }
};

/// y = factor x.
struct Scale {
  double factor;
  template <class A> HOST_DEVICE A operator()(A x) const { return static_cast<A>(factor) * x; }
};

/// y = max(x, 0); NaN stays NaN.
struct Relu {
  template <class A> HOST_DEVICE A operator()(A x) const { return x < A(0) ? A(0) : x; }
};
/// dx = dy but where y is 0, from the *output*, so that the input need not be kept. NaN lets dy through, as PyTorch's does.
struct ReluGrad {
  template <class A> HOST_DEVICE A operator()(A y, A dy) const { return y <= A(0) ? A(0) : dy; }
};

/// y = 1 / (1 + e^-x).
struct Sigmoid {
  template <class A> HOST_DEVICE A operator()(A x) const { return sigmoid_of(x); }
};
/// dx = dy y (1 - y), from the output.
struct SigmoidGrad {
  template <class A> HOST_DEVICE A operator()(A y, A dy) const { return dy * y * (A(1) - y); }
};

/// y = x max(0, min(6, x + 3)) / 6.
struct HardSwish {
  template <class A> HOST_DEVICE A operator()(A x) const { return x * larger(A(0), smaller(A(6), x + A(3))) * (A(1) / A(6)); }
};
/// dx = dy · (0 below -3, 1 above 3, (2x + 3) / 6 between), from the input.
struct HardSwishGrad {
  template <class A> HOST_DEVICE A operator()(A x, A dy) const {
    return x <= A(-3) ? A(0) : x >= A(3) ? dy : dy * (x * (A(1) / A(3)) + A(0.5));
  }
};

/// y = log(1 + x); NaN below -1.
struct Log1p {
  template <class A> HOST_DEVICE A operator()(A x) const { return log1p_of(x); }
};
/// dx = dy / (1 + x), from the input.
struct Log1pGrad {
  template <class A> HOST_DEVICE A operator()(A x, A dy) const { return dy / (A(1) + x); }
};

/// y = x / sqrt(|x| + kSoft): the square root with x's sign. Near 0 it is a line, so that its slope stays finite.
struct SignedSqrt {
  static constexpr double kSoft = 1e-4;
  template <class A> HOST_DEVICE A operator()(A x) const { return x / sqrt_of(larger(x, -x) + A(kSoft)); }
};
/// dx = dy (|x| / 2 + kSoft) / (|x| + kSoft)^1.5, from the input.
struct SignedSqrtGrad {
  template <class A> HOST_DEVICE A operator()(A x, A dy) const {
    const A size = larger(x, -x), soft = size + A(SignedSqrt::kSoft);
    return dy * (size * A(0.5) + A(SignedSqrt::kSoft)) / (soft * sqrt_of(soft));
  }
};

/// y = a + b: the gradient of either is dy.
struct Plus {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return a + b; }
};
/// y = relu(a + b): the gradient of either is ReluGrad's, from the output.
struct PlusRelu {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return Relu{}(a + b); }
};

/// y = x + value: dx = dy.
struct AddScalar {
  double value;
  template <class A> HOST_DEVICE A operator()(A x) const { return x + static_cast<A>(value); }
};

/// y = a - b: da = dy, db = -dy.
struct Minus {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return a - b; }
};

/// y = a b: da = dy b, db = dy a.
struct Times {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return a * b; }
};

/// y = a / b: da = dy / b, db = -dy y / b.
struct Divide {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return a / b; }
};

/// y = 1 where the relation holds, else 0; with NaN none but not_equal does. No gradient.
enum class Relation : uint8_t { less, less_equal, equal, not_equal };
struct Compare {
  Relation relation;
  template <class A> HOST_DEVICE A operator()(A a, A b) const {
    switch (relation) {
      case Relation::less: return a < b ? A(1) : A(0);
      case Relation::less_equal: return a <= b ? A(1) : A(0);
      case Relation::equal: return a == b ? A(1) : A(0);
      default: return a == b ? A(0) : A(1);
    }
  }
};

}  // namespace cudenza::kernels
