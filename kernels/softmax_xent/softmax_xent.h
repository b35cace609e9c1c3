/// Softmax and its cross-entropy over the rows of [rows, classes] matrices.
///
///   softmax       y[n,c] = e^(x[n,c] - lse[n])            lse[n] = log of the sum over c of e^x[n,c]
///   log_softmax   y[n,c] = x[n,c] - lse[n]
///   softmax_xent  loss   = mean over n of  sum over c of  t[n,c] (lse[n] - x[n,c])
///
/// The targets t come from labels (LabelTargets: hard or mixed) or are given whole (SoftTargets). Label smoothing is
/// PyTorch's: t is (1 - smoothing) of what it would be, plus smoothing / classes everywhere.
///
/// For the backward pass the forward pass leaves one number a row, row_shift[n] = lse[n] - log(sum over c of t[n,c]), so that
///
///   dx[n,c] = (e^(x[n,c] - row_shift[n]) - t[n,c]) dloss / rows
///
/// is the exact gradient, also for soft targets that do not sum to 1. That is the least memory: the logits are alive anyway,
/// saved probabilities would be as large as they are, and reading them would cost what reading the logits costs.
///
/// A label or partner outside its range is never followed: its row's loss, the mean and the row of dx become NaN.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

/// t[n,c] = (1 - smoothing) (lambda[n] [c = labels[n]] + (1 - lambda[n]) [c = labels[partner[n]]]) + smoothing / classes.
template <class A> struct LabelTargets {
  const int64_t* labels;             ///< [rows], in [0, classes)
  const int64_t* partner = nullptr;  ///< [rows], in [0, known): whose label is mixed in (mixup); null: lambda is 1
  const A* lambda = nullptr;         ///< [rows]; null where partner is
  double smoothing = 0;              ///< in [0, 1]
  int64_t known = 0;                 ///< labels that are there; 0: as many as rows. More: partners that are not of this batch

  HOST_DEVICE int64_t known_of(int64_t rows) const { return known > 0 ? known : rows; }
};

/// t[n,c] = (1 - smoothing) targets[n,c] + smoothing / classes.
template <class A> struct SoftTargets {
  const A* targets;  ///< [rows, classes]
  double smoothing = 0;
};

/// What the forward pass leaves of each row; both [rows].
template <class A> struct RowResults {
  A* loss;   ///< the terms of the mean
  A* shift;  ///< for the backward pass
};

/// Writes loss [1] and the row results. classes < 2^31. Targets is one of the above, for acc_t<T>.
template <class T, class Targets>
void softmax_xent_forward(Reference, const T* x, Targets, RowResults<acc_t<T>>, acc_t<T>* loss, int64_t rows, int64_t classes);
template <class T, class Targets>
void softmax_xent_forward(Cpu, const T* x, Targets, RowResults<acc_t<T>>, acc_t<T>* loss, int64_t rows, int64_t classes);
template <class T, class Targets>
void softmax_xent_forward(Gpu, const T* x, Targets, RowResults<acc_t<T>>, acc_t<T>* loss, int64_t rows, int64_t classes);

/// Writes dx [rows, classes]. dloss is one number, in the memory of the device that computes.
template <class T, class Targets>
void softmax_xent_backward(Reference, const T* x, Targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx, int64_t rows,
                           int64_t classes);
template <class T, class Targets>
void softmax_xent_backward(Cpu, const T* x, Targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx, int64_t rows,
                           int64_t classes);
template <class T, class Targets>
void softmax_xent_backward(Gpu, const T* x, Targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx, int64_t rows,
                           int64_t classes);

/// Form is Softmax or LogSoftmax (softmax_xent_math.h). y may be x.
template <class Form, class T> void softmax_forward(Reference, Form, const T* x, T* y, int64_t rows, int64_t classes);
template <class Form, class T> void softmax_forward(Cpu, Form, const T* x, T* y, int64_t rows, int64_t classes);
template <class Form, class T> void softmax_forward(Gpu, Form, const T* x, T* y, int64_t rows, int64_t classes);

/// dx from the output y. dx may be dy.
template <class Form, class T>
void softmax_backward(Reference, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes);
template <class Form, class T> void softmax_backward(Cpu, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes);
template <class Form, class T> void softmax_backward(Gpu, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes);

}  // namespace cudenza::kernels
