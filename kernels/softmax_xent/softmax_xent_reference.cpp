/// The equations of softmax_xent.h as loops, in double: how sums are rounded is not what it judges.
#include <cmath>
#include <limits>

#include "kernels/softmax_xent/softmax_xent_instances.h"

namespace cudenza::kernels {
namespace {

/// log of the sum over c of e^x[c]; the largest is taken out, so that no power overflows.
template <class T> double log_sum_exp(const T* x, int64_t classes) {
  double largest = static_cast<double>(x[0]), sum = 0;
  for (int64_t c = 1; c < classes; ++c) largest = std::fmax(largest, static_cast<double>(x[c]));
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(x[c]) - largest);
  return largest + std::log(sum);
}

/// t[n,c]; NaN where a label or partner is out of range.
template <class A> double target(const LabelTargets<A>& t, int64_t n, int64_t c, int64_t rows, int64_t classes) {
  const int64_t partner = t.partner ? t.partner[n] : n;
  if (partner < 0 || partner >= rows) return std::numeric_limits<double>::quiet_NaN();
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

template <class Form, class T> void softmax_forward(Reference, Form, const T* x, T* y, int64_t rows, int64_t classes) {
#pragma omp parallel for
  for (int64_t n = 0; n < rows; ++n) {
    const double lse = log_sum_exp(x + n * classes, classes);
    for (int64_t i = n * classes; i < (n + 1) * classes; ++i) {
      const double log_y = static_cast<double>(x[i]) - lse;
      y[i] = static_cast<T>(static_cast<acc_t<T>>(std::is_same_v<Form, Softmax> ? std::exp(log_y) : log_y));
    }
  }
}

template <class Form, class T>
void softmax_backward(Reference, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes) {
  constexpr bool kIsLog = std::is_same_v<Form, LogSoftmax>;
#pragma omp parallel for
  for (int64_t n = 0; n < rows; ++n) {
    double total = 0;
    for (int64_t i = n * classes; i < (n + 1) * classes; ++i)
      total += (kIsLog ? 1 : static_cast<double>(y[i])) * static_cast<double>(dy[i]);
    for (int64_t i = n * classes; i < (n + 1) * classes; ++i) {
      const double out = static_cast<double>(y[i]), gradient = static_cast<double>(dy[i]);
      const double result = kIsLog ? gradient - std::exp(out) * total : out * (gradient - total);
      dx[i] = static_cast<T>(static_cast<acc_t<T>>(result));
    }
  }
}

CUDENZA_SOFTMAX_XENT_OF(Reference, float)
CUDENZA_SOFTMAX_XENT_OF(Reference, bf16)
CUDENZA_SOFTMAX_XENT_OF(Reference, f16)
CUDENZA_SOFTMAX_XENT_OF(Reference, double)

}  // namespace cudenza::kernels
