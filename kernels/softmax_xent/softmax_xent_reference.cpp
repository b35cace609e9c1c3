/// The cross-entropy of softmax_xent.h as loops, in double: how sums are rounded is not what it judges.
#include "kernels/softmax_xent/softmax_xent_reference.h"

#include <limits>

#include "kernels/softmax_xent/softmax_xent_instances.h"

namespace cudenza::kernels {
namespace {

/// t[n,c]; NaN where a label or partner is out of range.
template <class A> double target(const LabelTargets<A>& t, int64_t n, int64_t c, int64_t rows, int64_t classes) {
  const int64_t partner = t.partner ? t.partner[n] : n;
  if (partner < 0 || partner >= t.known_of(rows)) return std::numeric_limits<double>::quiet_NaN();
  const int64_t own = t.labels[n], other = t.labels[partner];
  if (own < 0 || own >= classes || other < 0 || other >= classes) return std::numeric_limits<double>::quiet_NaN();
  const double lambda = t.lambda ? static_cast<double>(t.lambda[n]) : 1;
  return (1 - t.smoothing) * (lambda * (c == own) + (1 - lambda) * (c == other)) + t.smoothing / static_cast<double>(classes);
}
template <class A> double target(const SoftTargets<A>& t, int64_t n, int64_t c, int64_t, int64_t classes) {
  return (1 - t.smoothing) * static_cast<double>(t.targets[n * classes + c]) + t.smoothing / static_cast<double>(classes);
}

}  // namespace

template <class T, class Targets>
void softmax_xent_forward(Reference, const T* x, Targets targets, RowResults<acc_t<T>> row, acc_t<T>* loss, int64_t rows,
                          int64_t classes) {
  double sum = 0;
  for (int64_t n = 0; n < rows; ++n) {
    const double lse = log_sum_exp(x + n * classes, classes);
    double row_loss = 0, mass = 0;
    for (int64_t c = 0; c < classes; ++c) {
      const double t = target(targets, n, c, rows, classes);
      mass += t;
      if (t != 0) row_loss += t * (lse - static_cast<double>(x[n * classes + c]));  // else x may be minus infinity
    }
    row.loss[n] = static_cast<acc_t<T>>(row_loss);
    row.shift[n] = static_cast<acc_t<T>>(lse - std::log(mass));
    sum += row_loss;
  }
  *loss = static_cast<acc_t<T>>(sum / static_cast<double>(rows));
}

template <class T, class Targets>
void softmax_xent_backward(Reference, const T* x, Targets targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx,
                           int64_t rows, int64_t classes) {
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t c = 0; c < classes; ++c) {
      const double power = std::exp(static_cast<double>(x[n * classes + c]) - static_cast<double>(row_shift[n]));
      const double gradient = (power - target(targets, n, c, rows, classes)) * static_cast<double>(*dloss);
      dx[n * classes + c] = static_cast<T>(static_cast<acc_t<T>>(gradient / static_cast<double>(rows)));
    }
  }
}

CUDENZA_XENT_OF(Reference, float)
CUDENZA_XENT_OF(Reference, bf16)
CUDENZA_XENT_OF(Reference, f16)
CUDENZA_XENT_OF(Reference, double)

}  // namespace cudenza::kernels
