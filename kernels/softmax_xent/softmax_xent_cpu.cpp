#include "kernels/common/parallel.h"
#include "kernels/softmax_xent/softmax_xent_instances.h"

namespace cudenza::kernels {
namespace {

/// What an element costs against the plain copy that parallel_ranges counts in: an exponential.
constexpr int64_t kCost = 4;

// In lanes of their own, because a maximum that skips NaNs may not be reordered and so would not vectorise.
template <class T> acc_t<T> largest_of(const T* x, int count) {
  using A = acc_t<T>;
  constexpr int kLanes = 32;
  A lane[kLanes];
  for (A& value : lane) value = kBelowAll<A>;
  int c = 0;
  for (; c + kLanes <= count; c += kLanes) {
#pragma omp simd
    for (int k = 0; k < kLanes; ++k) lane[k] = larger(lane[k], static_cast<A>(x[c + k]));
  }
  for (; c < count; ++c) lane[0] = larger(lane[0], static_cast<A>(x[c]));
  for (const A value : lane) lane[0] = larger(lane[0], value);
  return lane[0];
}

template <class T> acc_t<T> exponential_sum(const T* x, acc_t<T> largest, int count) {
  using A = acc_t<T>;
  A sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int c = 0; c < count; ++c) sum += exp_of(static_cast<A>(x[c]) - largest);
  return sum;
}

template <class T, class TargetRow> RowSums<acc_t<T>> sums_of(const T* x, TargetRow t, int count) {
  using A = acc_t<T>;
  const A largest = largest_of(x, count);
  A sum = 0, mass = 0, dot = 0;
#pragma omp simd reduction(+ : sum, mass, dot)
  for (int c = 0; c < count; ++c) {
    const A value = static_cast<A>(x[c]), target = t(c);
    sum += exp_of(value - largest);
    mass += target;
    dot += target_times(target, value);
  }
  return {largest, sum, mass, dot};
}

}  // namespace

template <class T, class Targets>
void softmax_xent_forward(Cpu, const T* x, Targets targets, RowResults<acc_t<T>> row, acc_t<T>* loss, int64_t rows,
                          int64_t classes) {
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const auto sums = sums_of(x + n * classes, target_row(targets, n, rows, classes), static_cast<int>(classes));
      row.loss[n] = sums.loss();
      row.shift[n] = sums.shift();
    }
  });
  acc_t<T> sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t n = 0; n < rows; ++n) sum += row.loss[n];
  *loss = sum / static_cast<acc_t<T>>(rows);
}

template <class T, class Targets>
void softmax_xent_backward(Cpu, const T* x, Targets targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx,
                           int64_t rows, int64_t classes) {
  using A = acc_t<T>;
  const int count = static_cast<int>(classes);
  const A factor = *dloss / static_cast<A>(rows);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const auto t = target_row(targets, n, rows, classes);
      const A shift = row_shift[n];
      const T* x_row = x + n * classes;
      T* dx_row = dx + n * classes;
#pragma omp simd
      for (int c = 0; c < count; ++c) dx_row[c] = xent_gradient(static_cast<A>(x_row[c]), shift, t(c), factor);
    }
  });
}

template <class Form, class T> void softmax_forward(Cpu, Form, const T* x, T* y, int64_t rows, int64_t classes) {
  using A = acc_t<T>;
  const int count = static_cast<int>(classes);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const T* x_row = x + n * classes;
      T* y_row = y + n * classes;
      const A largest = largest_of(x_row, count), constant = Form::constant(exponential_sum(x_row, largest, count));
#pragma omp simd
      for (int c = 0; c < count; ++c) y_row[c] = Form::y(static_cast<A>(x_row[c]) - largest, constant);
    }
  });
}

template <class Form, class T> void softmax_backward(Cpu, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes) {
  using A = acc_t<T>;
  const int count = static_cast<int>(classes);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const T *y_row = y + n * classes, *dy_row = dy + n * classes;
      T* dx_row = dx + n * classes;
      A total = 0;
#pragma omp simd reduction(+ : total)
      for (int c = 0; c < count; ++c) total += Form::term(static_cast<A>(y_row[c]), static_cast<A>(dy_row[c]));
#pragma omp simd
      for (int c = 0; c < count; ++c) dx_row[c] = Form::dx(static_cast<A>(y_row[c]), static_cast<A>(dy_row[c]), total);
    }
  });
}

CUDENZA_SOFTMAX_XENT_OF(Cpu, float)
CUDENZA_SOFTMAX_XENT_OF(Cpu, bf16)
CUDENZA_SOFTMAX_XENT_OF(Cpu, f16)
CUDENZA_SOFTMAX_XENT_OF(Cpu, double)

}  // namespace cudenza::kernels
