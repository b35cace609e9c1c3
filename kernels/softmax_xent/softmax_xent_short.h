/// softmax_xent_cpu.cpp for rows of at most kShortRow classes, side by side: each function has rows first … first + rows - 1.
#pragma once
#include "kernels/simd/short_rows.h"
#include "kernels/simd/simd_math.h"
#include "kernels/softmax_xent/softmax_xent_math.h"

namespace cudenza::kernels {

/// Of the rows n … n + kSimd - 1.
template <class A> Simd<A> some_rows(const RowNumbers<A>& numbers, int n) { return simd_load(numbers.row + n); }

/// The largest of each.
template <class T> Simd<acc_t<T>> largest_of(const Columns<T>& x, int n, int count) {
  using A = acc_t<T>;
  Simd<A> largest = simd_all(kBelowAll<A>);
  for (int c = 0; c < count; ++c) largest = simd_max<A>(largest, some_rows(x[c], n));
  return largest;
}

/// The targets of several rows as functions of the class and the first row: target_row's, side by side.
template <class A> struct LabelColumns {
  RowNumbers<mask_t<A>> first, second;
  RowNumbers<A> first_weight, second_weight, everywhere;

  Simd<A> operator()(int c, int n) const {
    const auto where = [=](const RowNumbers<mask_t<A>>& label, const RowNumbers<A>& weight) {
      SimdMask<A> labels;
      std::memcpy(&labels, label.row + n, sizeof labels);
      return labels == c ? some_rows(weight, n) : Simd<A>{};
    };
    return some_rows(everywhere, n) + where(first, first_weight) + where(second, second_weight);
  }
};

template <class A> struct SoftColumns {
  Columns<A> targets;
  A factor, everywhere;

  Simd<A> operator()(int c, int n) const { return factor * some_rows(targets[c], n) + everywhere; }
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
  RowNumbers<A> largest, sum, mass, dot;
  for (int n = 0; n < kTile; n += kSimd<A>) {
    const Simd<A> top = largest_of(columns, n, classes);
    Simd<A> sums{}, masses{}, dots{};
    for (int c = 0; c < classes; ++c) {
      const Simd<A> value = some_rows(columns[c], n), target = t(c, n);
      sums += simd_exp(value - top);
      masses += target;
      dots += target == 0 ? Simd<A>{} : target * value;  // target_times
    }
    simd_store(largest.row + n, top), simd_store(sum.row + n, sums);
    simd_store(mass.row + n, masses), simd_store(dot.row + n, dots);
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
    for (int n = 0; n < kTile; n += kSimd<A>) {
      const Simd<A> power = simd_exp(some_rows(columns[c], n) - some_rows(shift, n));
      simd_store(columns[c].row + n, (power - t(c, n)) * factor);
    }
  }
  columns.to_rows(dx + first * classes, rows, classes);
}

// Form::constant and Form::dx of registers.
template <class A> Simd<A> constant_of(Softmax, Simd<A> sum) { return A(1) / sum; }
template <class A> Simd<A> constant_of(LogSoftmax, Simd<A> sum) {
  RowNumbers<A> logs;
  simd_store(logs.row, sum);
  for (int k = 0; k < kSimd<A>; ++k) logs[k] = log_of(logs[k]);
  return some_rows(logs, 0);
}
template <class A> Simd<A> dx_of(Softmax, Simd<A> y, Simd<A> dy, Simd<A> total) { return Softmax::dx(y, dy, total); }
template <class A> Simd<A> dx_of(LogSoftmax, Simd<A> y, Simd<A> dy, Simd<A> total) { return dy - simd_exp(y) * total; }

template <class Form, class T> void short_softmax_forward(const T* x, T* y, int64_t first, int rows, int classes) {
  using A = acc_t<T>;
  Columns<T> columns(x + first * classes, rows, classes);
  for (int n = 0; n < kTile; n += kSimd<A>) {
    const Simd<A> largest = largest_of(columns, n, classes);
    Simd<A> sum{};
    for (int c = 0; c < classes; ++c) {
      const Simd<A> shifted = some_rows(columns[c], n) - largest, exponential = simd_exp(shifted);
      sum += exponential;
      simd_store(columns[c].row + n, Form::kept(shifted, exponential));
    }
    const Simd<A> constant = constant_of<A>(Form{}, sum);
    for (int c = 0; c < classes; ++c) simd_store(columns[c].row + n, Form::y_of_kept(some_rows(columns[c], n), constant));
  }
  columns.to_rows(y + first * classes, rows, classes);
}

template <class Form, class T> void short_softmax_backward(const T* y, const T* dy, T* dx, int64_t first, int rows, int classes) {
  using A = acc_t<T>;
  const Columns<T> outputs(y + first * classes, rows, classes);
  Columns<T> gradients(dy + first * classes, rows, classes);
  for (int n = 0; n < kTile; n += kSimd<A>) {
    Simd<A> total{};
    for (int c = 0; c < classes; ++c) total += Form::term(some_rows(outputs[c], n), some_rows(gradients[c], n));
    for (int c = 0; c < classes; ++c)
      simd_store(gradients[c].row + n, dx_of<A>(Form{}, some_rows(outputs[c], n), some_rows(gradients[c], n), total));
  }
  gradients.to_rows(dx + first * classes, rows, classes);
}

}  // namespace cudenza::kernels
