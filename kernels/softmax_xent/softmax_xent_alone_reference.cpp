/// Softmax and log-softmax alone, of softmax_xent.h, as loops, in double.
#include "kernels/softmax_xent/softmax_xent_instances.h"
#include "kernels/softmax_xent/softmax_xent_reference.h"

namespace cudenza::kernels {

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

CUDENZA_SOFTMAX_OF(Reference, float)
CUDENZA_SOFTMAX_OF(Reference, bf16)
CUDENZA_SOFTMAX_OF(Reference, f16)
CUDENZA_SOFTMAX_OF(Reference, double)

}  // namespace cudenza::kernels
