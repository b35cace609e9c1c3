/// The one-dimensional transforms of Winograd's algorithm over the points 0, ±a, ±b and ∞ with a = 1/√2 and b = √2, on registers
/// of neighbouring channels. A window of 6 inputs gives 4 outputs of 3 taps, or 2 of 5; on the way back gradients of outputs take
/// the part of taps. Taps are the coefficients of a polynomial, whose values at the points are multiplied with the window's; the
/// products are values of another, whose coefficients are the outputs.
#pragma once
#include "kernels/simd/simd.h"

namespace cudenza::kernels::winograd {

using Vector = Simd<float>;
constexpr int kVector = kSimd<float>;

constexpr int kWindow = 6;                     ///< inputs along an axis
constexpr int kPositions = kWindow * kWindow;  ///< matrix products
/// Outputs along an axis.
template <int kTaps> constexpr int kTile = kWindow + 1 - kTaps;

constexpr float kA = 0.70710678118654752F, kB = 1.41421356237309505F;

/// Bᵀ: rows are the coefficients of the products of (x - point) over all points but the row's own.
struct InputTransform {
  static constexpr int kFrom = kWindow, kTo = kWindow;
  static void run(const Vector (&d)[kFrom], Vector (&v)[kTo]) {
    const Vector even_a = d[4] - 2 * d[2], odd_a = kA * (d[3] - 2 * d[1]);
    const Vector even_b = d[4] - 0.5F * d[2], odd_b = kB * (d[3] - 0.5F * d[1]);
    v[0] = d[0] - 2.5F * d[2] + d[4];
    v[1] = even_a + odd_a, v[2] = even_a - odd_a;
    v[3] = even_b + odd_b, v[4] = even_b - odd_b;
    v[5] = d[1] - 2.5F * d[3] + d[5];
  }
};

/// G: a polynomial's values at the points, divided by those of the products in Bᵀ there. ∞ gives the last coefficient.
template <int kCount> struct Evaluation {
  static constexpr int kFrom = kCount, kTo = kWindow;
  static void run(const Vector (&g)[kFrom], Vector (&u)[kTo]) {
    Vector even_a = g[0], even_b = g[0], odd_a = g[1], odd_b = g[1];
    float a = 1, b = 1;  // a², b²; then their powers
#pragma GCC unroll 2
    for (int i = 2; i < kCount; i += 2) {
      a *= 0.5F, b *= 2;
      even_a += a * g[i], even_b += b * g[i];
      if (i + 1 < kCount) odd_a += a * g[i + 1], odd_b += b * g[i + 1];
    }
    even_a *= -2.0F / 3, odd_a *= kA * -2.0F / 3;
    even_b *= 1.0F / 6, odd_b *= kB / 6;
    u[0] = g[0];
    u[1] = even_a + odd_a, u[2] = even_a - odd_a;
    u[3] = even_b + odd_b, u[4] = even_b - odd_b;
    u[5] = g[kCount - 1];
  }
};

/// Aᵀ: sums over the points, each to the power of the output's number.
template <int kCount> struct Interpolation {
  static constexpr int kFrom = kWindow, kTo = kCount;
  static void run(const Vector (&m)[kFrom], Vector (&y)[kTo]) {
    const Vector even_a = m[1] + m[2], odd_a = kA * (m[1] - m[2]), even_b = m[3] + m[4], odd_b = kB * (m[3] - m[4]);
    float a = 1, b = 1;
#pragma GCC unroll 3
    for (int i = 0; i < kCount; i += 2) {
      y[i] = a * even_a + b * even_b;
      if (i + 1 < kCount) y[i + 1] = a * odd_a + b * odd_b;
      a *= 0.5F, b *= 2;
    }
    y[0] += m[0];
    y[kCount - 1] += m[5];
  }
};

/// The transform along both axes: calls out(i, j, v) for the elements of T in(·, ·) Tᵀ, where in(i, j) is an element.
template <class Transform, class In, class Out> [[gnu::always_inline]] inline void transform(In in, Out out) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  Vector columns[kTo][kFrom];
#pragma GCC unroll 6
  for (int j = 0; j < kFrom; ++j) {
    Vector from[kFrom], to[kTo];
#pragma GCC unroll 6
    for (int i = 0; i < kFrom; ++i) from[i] = in(i, j);
    Transform::run(from, to);
#pragma GCC unroll 6
    for (int i = 0; i < kTo; ++i) columns[i][j] = to[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < kTo; ++i) {
    Vector to[kTo];
    Transform::run(columns[i], to);
#pragma GCC unroll 6
    for (int j = 0; j < kTo; ++j) out(i, j, to[j]);
  }
}

}  // namespace cudenza::kernels::winograd
