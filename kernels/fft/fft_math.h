/// The arithmetic of a Fourier transform, shared by the CPU (R is a vector of frames, Lanes<T>) and the kernels (R is float).
#pragma once
#include "kernels/common/host_device.h"

namespace cudenza::kernels {

template <class R> struct Complex { R re, im; };

/// The type of the constants that an R is multiplied by: R itself, or the element of a vector.
template <class R> struct ScalarOf { using type = R; };
template <class R> using scalar_t = typename ScalarOf<R>::type;

template <class R> HOST_DEVICE Complex<R> operator+(const Complex<R>& a, const Complex<R>& b) {
  return {a.re + b.re, a.im + b.im};
}
template <class R> HOST_DEVICE Complex<R> operator-(const Complex<R>& a, const Complex<R>& b) {
  return {a.re - b.re, a.im - b.im};
}
template <class R> HOST_DEVICE Complex<R> scaled(const Complex<R>& a, scalar_t<R> factor) {
  return {a.re * factor, a.im * factor};
}
template <class R> HOST_DEVICE Complex<R> times(const Complex<R>& a, scalar_t<R> re, scalar_t<R> im) {
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}
template <class R> HOST_DEVICE Complex<R> times(const Complex<R>& a, const Complex<scalar_t<R>>& w) {
  return times(a, w.re, w.im);
}
template <class R> HOST_DEVICE Complex<R> times_minus_i(const Complex<R>& a) { return {a.im, -a.re}; }
template <class R> HOST_DEVICE R squared(const Complex<R>& a) { return a.re * a.re + a.im * a.im; }

template <class R> HOST_DEVICE void dft4(Complex<R>& x0, Complex<R>& x1, Complex<R>& x2, Complex<R>& x3) {
  const Complex<R> a = x0 + x2, b = x0 - x2, c = x1 + x3, d = times_minus_i(x1 - x3);
  x0 = a + c;
  x1 = b + d;
  x2 = a - c;
  x3 = b - d;
}

/// a e^(-2 pi i turns / 32). The cases go where the loops around it are unrolled.
template <class R> HOST_DEVICE Complex<R> turned_by_32nds(const Complex<R>& a, int turns) {
  using S = scalar_t<R>;
  constexpr S cosine[9] = {S(1),
                           S(0.98078528040323044913),
                           S(0.92387953251128675613),
                           S(0.83146961230254523708),
                           S(0.70710678118654752440),
                           S(0.55557023301960222474),
                           S(0.38268343236508977173),
                           S(0.19509032201612826785),
                           S(0)};  // of multiples of pi / 16
  const int eighths = turns % 8;
  const Complex<R> turned = eighths == 0 ? a : times(a, cosine[eighths], -cosine[8 - eighths]);
  switch (turns / 8 % 4) {
    case 0: return turned;
    case 1: return times_minus_i(turned);
    case 2: return {-turned.re, -turned.im};
    default: return {-turned.im, turned.re};
  }
}

/// x[k] <- sum over j of x[j] e^(-2 pi i jk / radix), in place and in order.
template <int radix, class R> HOST_DEVICE void dft(Complex<R>* x) {
  using S = scalar_t<R>;
  if constexpr (radix == 2) {
    const Complex<R> a = x[0];
    x[0] = a + x[1];
    x[1] = a - x[1];
  } else if constexpr (radix == 3) {
    const Complex<R> sum = x[1] + x[2], turn = times_minus_i(scaled(x[1] - x[2], S(0.86602540378443864676)));
    const Complex<R> middle = x[0] - scaled(sum, S(0.5));
    x[0] = x[0] + sum;
    x[1] = middle + turn;
    x[2] = middle - turn;
  } else if constexpr (radix == 4) {
    dft4(x[0], x[1], x[2], x[3]);
  } else if constexpr (radix == 5) {
    const S c1 = S(0.30901699437494742410), c2 = S(-0.80901699437494742410);  // cos 72, cos 144 degrees
    const S s1 = S(0.95105651629515357212), s2 = S(0.58778525229247312917);   // sin 72, sin 144 degrees
    const Complex<R> a = x[1] + x[4], b = x[2] + x[3], c = x[1] - x[4], d = x[2] - x[3];
    const Complex<R> m1 = x[0] + scaled(a, c1) + scaled(b, c2), m2 = x[0] + scaled(a, c2) + scaled(b, c1);
    const Complex<R> n1 = times_minus_i(scaled(c, s1) + scaled(d, s2)), n2 = times_minus_i(scaled(c, s2) - scaled(d, s1));
    x[0] = x[0] + a + b;
    x[1] = m1 + n1;
    x[2] = m2 + n2;
    x[3] = m2 - n2;
    x[4] = m1 - n1;
  } else if constexpr (radix == 8) {
    const S half = S(0.70710678118654752440);
    dft4(x[0], x[2], x[4], x[6]);
    dft4(x[1], x[3], x[5], x[7]);
    const Complex<R> o0 = x[1], o2 = times_minus_i(x[5]);
    const Complex<R> o1 = scaled(Complex<R>{x[3].re + x[3].im, x[3].im - x[3].re}, half);
    const Complex<R> o3 = scaled(Complex<R>{x[7].im - x[7].re, -x[7].re - x[7].im}, half);
    const Complex<R> e0 = x[0], e1 = x[2], e2 = x[4], e3 = x[6];
    x[0] = e0 + o0, x[4] = e0 - o0;
    x[1] = e1 + o1, x[5] = e1 - o1;
    x[2] = e2 + o2, x[6] = e2 - o2;
    x[3] = e3 + o3, x[7] = e3 - o3;
  } else if constexpr (radix == 16) {
    const S c = S(0.92387953251128675613), s = S(0.38268343236508977173), half = S(0.70710678118654752440);  // of pi/8, pi/4
    for (int j = 0; j < 4; ++j) dft4(x[j], x[j + 4], x[j + 8], x[j + 12]);
    // Now x[j + 4k] holds the k-th sum of column j: times e^(-2 pi i jk / 16), then across the columns.
    x[5] = times(x[5], c, -s), x[6] = times(x[6], half, -half), x[7] = times(x[7], s, -c);
    x[9] = times(x[9], half, -half), x[10] = times_minus_i(x[10]), x[11] = times(x[11], -half, -half);
    x[13] = times(x[13], s, -c), x[14] = times(x[14], -half, -half), x[15] = times(x[15], -c, s);
    for (int k = 0; k < 4; ++k) dft4(x[4 * k], x[4 * k + 1], x[4 * k + 2], x[4 * k + 3]);
    // x[4k + m] is the sum number k + 4m: transpose.
    for (int k = 0; k < 4; ++k) {
      for (int m = k + 1; m < 4; ++m) {
        const Complex<R> swap = x[4 * k + m];
        x[4 * k + m] = x[4 * m + k];
        x[4 * m + k] = swap;
      }
    }
  } else {
    static_assert(radix == 32);
    for (int j = 0; j < 8; ++j) dft4(x[j], x[j + 8], x[j + 16], x[j + 24]);
    // As above: x[j + 8k] holds the k-th sum of column j. Then x[8k + m] is the sum number k + 4m.
    for (int k = 1; k < 4; ++k) {
      for (int j = 1; j < 8; ++j) x[8 * k + j] = turned_by_32nds(x[8 * k + j], j * k);
    }
    for (int k = 0; k < 4; ++k) dft<8>(x + 8 * k);
    Complex<R> sums[32];
    for (int i = 0; i < 32; ++i) sums[i / 8 + 4 * (i % 8)] = x[i];
    for (int i = 0; i < 32; ++i) x[i] = sums[i];
  }
}

/// A real transform of length n is a complex one of half that length over z[m] = x[2m] + i x[2m+1]. From a = Z[k] and
/// b = Z[n/2 - k] (indices modulo n/2) and w = e^(-2 pi i k / n): *twice* X[k] and X[n/2 - k].
template <class R>
HOST_DEVICE void split_real(const Complex<R>& a, const Complex<R>& b, const Complex<scalar_t<R>>& w, Complex<R>& low,
                            Complex<R>& high) {
  const Complex<R> even{a.re + b.re, a.im - b.im};
  const Complex<R> odd = times(Complex<R>{a.im + b.im, b.re - a.re}, w);
  low = even + odd;
  high = {even.re - odd.re, odd.im - even.im};
}

}  // namespace cudenza::kernels
