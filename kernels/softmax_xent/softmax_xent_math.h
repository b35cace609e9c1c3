/// One element of a softmax, of its cross-entropy and of their gradients, and the targets as functions of the class.
#pragma once
#include <limits>

#include "kernels/common/math.h"
#include "kernels/softmax_xent/softmax_xent.h"

namespace cudenza::kernels {

/// Where maxima begin. Not minus infinity: e^(-inf - -inf) would be NaN for a thread that has seen only masked logits.
template <class A> constexpr A kBelowAll = std::numeric_limits<A>::lowest();

/// y from x - largest and a constant of the row's sum of e^(x - largest); dx from y, dy and the row's sum of term(y, dy). Where
/// elements can be kept until the sum is known, y_of_kept spares the second exponential.
struct Softmax {
  template <class A> HOST_DEVICE static A constant(A sum) { return A(1) / sum; }
  template <class A> HOST_DEVICE static A y(A shifted, A constant) { return exp_of(shifted) * constant; }
  template <class A> HOST_DEVICE static A kept(A, A exponential) { return exponential; }
  template <class A> HOST_DEVICE static A y_of_kept(A kept, A constant) { return kept * constant; }
  template <class A> HOST_DEVICE static A term(A y, A dy) { return y * dy; }
  template <class A> HOST_DEVICE static A dx(A y, A dy, A total) { return y * (dy - total); }
};

struct LogSoftmax {
  template <class A> HOST_DEVICE static A constant(A sum) { return log_of(sum); }
  template <class A> HOST_DEVICE static A y(A shifted, A constant) { return shifted - constant; }
  template <class A> HOST_DEVICE static A kept(A shifted, A) { return shifted; }
  template <class A> HOST_DEVICE static A y_of_kept(A kept, A constant) { return kept - constant; }
  template <class A> HOST_DEVICE static A term(A, A dy) { return dy; }
  template <class A> HOST_DEVICE static A dx(A y, A dy, A total) { return dy - exp_of(y) * total; }
};

/// The targets of one row that has a first and perhaps a second label.
template <class A> struct LabelRow {
  int first, second;
  A first_weight, second_weight, everywhere;

  HOST_DEVICE A operator()(int c) const {
    return everywhere + (c == first ? first_weight : A(0)) + (c == second ? second_weight : A(0));
  }
};

template <class A> struct SoftRow {
  const A* targets;
  A factor, everywhere;

  HOST_DEVICE A operator()(int c) const { return factor * targets[c] + everywhere; }
};

template <class A> HOST_DEVICE LabelRow<A> target_row(const LabelTargets<A>& t, int64_t n, int64_t rows, int64_t classes) {
  const A smoothing = static_cast<A>(t.smoothing), lambda = t.lambda ? t.lambda[n] : A(1);
  const int64_t partner = t.partner ? t.partner[n] : n;
  const bool has_partner = partner >= 0 && partner < t.known_of(rows);
  const int64_t first = t.labels[n], second = has_partner ? t.labels[partner] : -1;
  const bool in_range = first >= 0 && first < classes && second >= 0 && second < classes;
  const A everywhere = in_range ? smoothing / static_cast<A>(classes) : std::numeric_limits<A>::quiet_NaN();
  return {.first = static_cast<int>(first),
          .second = t.partner ? static_cast<int>(second) : -1,
          .first_weight = (1 - smoothing) * lambda,
          .second_weight = (1 - smoothing) * (1 - lambda),
          .everywhere = everywhere};
}

template <class A> HOST_DEVICE SoftRow<A> target_row(const SoftTargets<A>& t, int64_t n, int64_t, int64_t classes) {
  const A smoothing = static_cast<A>(t.smoothing);
  return {t.targets + n * classes, 1 - smoothing, smoothing / static_cast<A>(classes)};
}

/// t x, and 0 for a class that is no target: its logit may be minus infinity.
template <class A> HOST_DEVICE A target_times(A t, A x) { return t == A(0) ? A(0) : t * x; }

/// What a row is reduced to: its largest logit, and the sums of e^(x - largest), of t and of t x.
template <class A> struct RowSums {
  A largest, sum, mass, dot;

  // Written so that a large common offset of the logits cancels before the small logarithm is added.
  HOST_DEVICE A loss(A log_sum) const { return mass * log_sum - (dot - mass * largest); }
  HOST_DEVICE A shift(A log_sum, A log_mass) const { return largest + log_sum - log_mass; }
  HOST_DEVICE A loss() const { return loss(log_of(sum)); }
  HOST_DEVICE A shift() const { return shift(log_of(sum), log_of(mass)); }
};

template <class A> HOST_DEVICE A xent_gradient(A x, A row_shift, A t, A factor) { return (exp_of(x - row_shift) - t) * factor; }

}  // namespace cudenza::kernels
