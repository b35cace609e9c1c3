/// The one-dimensional transforms of F(4,3) and of its way back F(3,4), both over the points 0, ±a, ±b and ∞ with a = 1/√2 and
/// b = √2, on registers of neighbouring channels. Rows of Bᵀ are the coefficients of the products of (x - point) over all other
/// points; those of G have their normalisation in them.
#pragma once
#include "kernels/common/simd.h"

namespace cudenza::kernels::winograd {

using Vector = Simd<float>;

constexpr int kTile = 4;                       ///< outputs along an axis
constexpr int kWindow = kTile + 2;             ///< inputs along an axis
constexpr int kPositions = kWindow * kWindow;  ///< matrix products

constexpr float kA = 0.70710678118654752F, kB = 1.41421356237309505F;

/// Bᵀ: a window of the input.
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

/// G: three taps of a filter.
struct FilterTransform {
  static constexpr int kFrom = 3, kTo = kWindow;
  static void run(const Vector (&g)[kFrom], Vector (&u)[kTo]) {
    const Vector even_a = (g[0] + 0.5F * g[2]) * (-2.0F / 3), odd_a = g[1] * (kA * -2.0F / 3);
    const Vector even_b = (g[0] + 2 * g[2]) * (1.0F / 6), odd_b = g[1] * (kB / 6);
    u[0] = g[0];
    u[1] = even_a + odd_a, u[2] = even_a - odd_a;
    u[3] = even_b + odd_b, u[4] = even_b - odd_b;
    u[5] = g[2];
  }
};

/// Aᵀ: four outputs.
struct OutputTransform {
  static constexpr int kFrom = kWindow, kTo = kTile;
  static void run(const Vector (&m)[kFrom], Vector (&y)[kTo]) {
    const Vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = m[0] + even_a + even_b;
    y[1] = kA * odd_a + kB * odd_b;
    y[2] = 0.5F * even_a + 2 * even_b;
    y[3] = 0.5F * kA * odd_a + 2 * kB * odd_b + m[5];
  }
};

/// G of F(3,4): four gradients of outputs take the part of taps.
struct GradientTransform {
  static constexpr int kFrom = kTile, kTo = kWindow;
  static void run(const Vector (&g)[kFrom], Vector (&u)[kTo]) {
    const Vector even_a = (g[0] + 0.5F * g[2]) * (-2.0F / 3), odd_a = (g[1] + 0.5F * g[3]) * (kA * -2.0F / 3);
    const Vector even_b = (g[0] + 2 * g[2]) * (1.0F / 6), odd_b = (g[1] + 2 * g[3]) * (kB / 6);
    u[0] = g[0];
    u[1] = even_a + odd_a, u[2] = even_a - odd_a;
    u[3] = even_b + odd_b, u[4] = even_b - odd_b;
    u[5] = g[3];
  }
};

/// Aᵀ of F(3,4): three taps.
struct TapTransform {
  static constexpr int kFrom = kWindow, kTo = 3;
  static void run(const Vector (&m)[kFrom], Vector (&w)[kTo]) {
    const Vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    w[0] = m[0] + even_a + even_b;
    w[1] = kA * odd_a + kB * odd_b;
    w[2] = 0.5F * even_a + 2 * even_b + m[5];
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
