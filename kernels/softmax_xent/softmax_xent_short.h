/// softmax_xent_cpu.cpp for rows of at most kShortRow classes, side by side: each function has rows first … first + rows - 1.
#pragma once
#include "kernels/common/short_rows.h"
#include "kernels/softmax_xent/softmax_xent_math.h"

namespace cudenza::kernels {

/// The largest of each row.
template <class T> RowNumbers<acc_t<T>> largest_of(const Columns<T>& x, int count) {
  using A = acc_t<T>;
  RowNumbers<A> largest(kBelowAll<A>);
  for (int c = 0; c < count; ++c) {
    for (int n = 0; n < kTile; ++n) largest[n] = larger(largest[n], x[c][n]);
  }
  return largest;
}

/// The targets of several rows as functions of class and row: target_row's, side by side.
template <class A> struct LabelColumns {
  RowNumbers<int> first, second;
  RowNumbers<A> first_weight, second_weight, everywhere;

  A operator()(int c, int n) const {
    return LabelRow<A>{first[n], second[n], first_weight[n], second_weight[n], everywhere[n]}(c);
  }
};

template <class A> struct SoftColumns {
  Columns<A> targets;
  A factor, everywhere;

  A operator()(int c, int n) const { return factor * targets[c][n] + everywhere; }
};

template <class A>
LabelColumns<A> target_columns(const LabelTargets<A>& targets, int64_t first, int rows, int64_t all_rows, int classes) {
  LabelColumns<A> t;
  for (int n = 0; n < kTile; ++n) {  // the last row's again for those that are not there
    const LabelRow<A> row = target_row(targets, first + smaller(n, rows - 1), all_rows, classes);
    t.first[n] = row.first, t.second[n] = row.second;
    t.first_weight[n] = row.first_weight, t.second_weight[n] = row.second_weight, t.everywhere[n] = row.everywhere;
  }
  return t;
}

template <class A>
SoftColumns<A> target_columns(const SoftTargets<A>& targets, int64_t first, int rows, int64_t all_rows, int classes) {
  const SoftRow<A> row = target_row(targets, first, all_rows, classes);
  return {Columns<A>(row.targets, rows, classes), row.factor, row.everywhere};
}

template <class T, class Target>
void short_xent_forward(const T* x, const Target& t, const RowResults<acc_t<T>>& result, int64_t first, int rows, int classes) {
  using A = acc_t<T>;
  const Columns<T> columns(x + first * classes, rows, classes);
  const RowNumbers<A> largest = largest_of(columns, classes);
  RowNumbers<A> sum(0), mass(0), dot(0);
  for (int c = 0; c < classes; ++c) {
#pragma omp simd
    for (int n = 0; n < kTile; ++n) {
      const A value = columns[c][n], target = t(c, n);
      sum[n] += exp_of(value - largest[n]);
      mass[n] += target;
      dot[n] += target_times(target, value);
    }
  }
  RowNumbers<A> log_sum, log_mass;
  for (int n = 0; n < kTile; ++n) log_sum[n] = log_of(sum[n]);  // in loops of their own, which vectorise
  for (int n = 0; n < kTile; ++n) log_mass[n] = log_of(mass[n]);
  for (int n = 0; n < rows; ++n) {
    const RowSums<A> sums{largest[n], sum[n], mass[n], dot[n]};
    result.loss[first + n] = sums.loss(log_sum[n]);
    result.shift[first + n] = sums.shift(log_sum[n], log_mass[n]);
  }
}

template <class T, class Target>
void short_xent_backward(const T* x, const Target& t, const acc_t<T>* row_shift, acc_t<T> factor, T* dx, int64_t first, int rows,
                         int classes) {
  using A = acc_t<T>;
  Columns<T> columns(x + first * classes, rows, classes);
  RowNumbers<A> shift(0);
  std::memcpy(shift.row, row_shift + first, static_cast<size_t>(rows) * sizeof(A));
  for (int c = 0; c < classes; ++c) {
#pragma omp simd
    for (int n = 0; n < kTile; ++n) columns[c][n] = xent_gradient(columns[c][n], shift[n], t(c, n), factor);
  }
  columns.to_rows(dx + first * classes, rows, classes);
}

template <class Form, class T> void short_softmax_forward(const T* x, T* y, int64_t first, int rows, int classes) {
  using A = acc_t<T>;
  Columns<T> columns(x + first * classes, rows, classes);
  const RowNumbers<A> largest = largest_of(columns, classes);
  RowNumbers<A> constant(0);
  for (int c = 0; c < classes; ++c) {
#pragma omp simd
    for (int n = 0; n < kTile; ++n) {
      const A shifted = columns[c][n] - largest[n], exponential = exp_of(shifted);
      constant[n] += exponential;
      columns[c][n] = Form::kept(shifted, exponential);
    }
  }
  for (int n = 0; n < kTile; ++n) constant[n] = Form::constant(constant[n]);
  for (int c = 0; c < classes; ++c) {
#pragma omp simd
    for (int n = 0; n < kTile; ++n) columns[c][n] = Form::y_of_kept(columns[c][n], constant[n]);
  }
  columns.to_rows(y + first * classes, rows, classes);
}

template <class Form, class T> void short_softmax_backward(const T* y, const T* dy, T* dx, int64_t first, int rows, int classes) {
  using A = acc_t<T>;
  const Columns<T> outputs(y + first * classes, rows, classes);
  Columns<T> gradients(dy + first * classes, rows, classes);
  RowNumbers<A> total(0);
  for (int c = 0; c < classes; ++c) {
#pragma omp simd
    for (int n = 0; n < kTile; ++n) total[n] += Form::term(outputs[c][n], gradients[c][n]);
  }
  for (int c = 0; c < classes; ++c) {
#pragma omp simd
    for (int n = 0; n < kTile; ++n) gradients[c][n] = Form::dx(outputs[c][n], gradients[c][n], total[n]);
  }
  gradients.to_rows(dx + first * classes, rows, classes);
}

}  // namespace cudenza::kernels
