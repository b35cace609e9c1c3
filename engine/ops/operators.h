/// Tensors in formulas: `x * 0.5 + y`, `1 / x`, `x > 0`. Operands are tensors of one shape, dtype and device, or numbers.
///
/// + - * / are differentiable. Comparisons return 1 or 0 in the operands' dtype and have no gradient: a mask can be a factor,
/// as in `x * (x > 0)`.
#pragma once
#include "engine/ops/pointwise.h"

namespace cudenza {

inline Tensor like(const Tensor& x, double value) { return Tensor::full(x.shape(), value, x.dtype(), x.device()); }

inline Tensor operator-(const Tensor& x) { return scale(x, -1); }

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }

inline Tensor operator+(const Tensor& x, double value) { return add(x, value); }
inline Tensor operator-(const Tensor& x, double value) { return add(x, -value); }
inline Tensor operator*(const Tensor& x, double value) { return scale(x, value); }
inline Tensor operator/(const Tensor& x, double value) { return div(x, like(x, value)); }
inline Tensor operator+(double value, const Tensor& x) { return add(x, value); }
inline Tensor operator-(double value, const Tensor& x) { return add(-x, value); }
inline Tensor operator*(double value, const Tensor& x) { return scale(x, value); }
inline Tensor operator/(double value, const Tensor& x) { return div(like(x, value), x); }

#define CUDENZA_COMPARISON(sign, relation, a, b)                                                                       \
  inline Tensor operator sign(const Tensor& x, const Tensor& y) { return compare(kernels::Relation::relation, a, b); } \
  inline Tensor operator sign(const Tensor& x, double value) { return x sign like(x, value); }                         \
  inline Tensor operator sign(double value, const Tensor& x) { return like(x, value) sign x; }
CUDENZA_COMPARISON(<, less, x, y)
CUDENZA_COMPARISON(<=, less_equal, x, y)
CUDENZA_COMPARISON(>, less, y, x)
CUDENZA_COMPARISON(>=, less_equal, y, x)
CUDENZA_COMPARISON(==, equal, x, y)
CUDENZA_COMPARISON(!=, not_equal, x, y)
#undef CUDENZA_COMPARISON

}  // namespace cudenza
