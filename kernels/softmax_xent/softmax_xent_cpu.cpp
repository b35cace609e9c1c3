#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/simd/short_rows.h"
#include "kernels/simd/simd_math.h"
#include "kernels/simd/simd_pair.h"
#include "kernels/softmax_xent/consecutive_rows.h"
#include "kernels/softmax_xent/softmax_xent_instances.h"
#include "kernels/softmax_xent/softmax_xent_short.h"

namespace cudenza::kernels {
namespace {

/// What an element costs against the plain copy that parallel_ranges counts in: an exponential.
constexpr int64_t kCost = 4;

template <class A> constexpr std::integral_constant<int, kSimd<A>> kWhole;

/// Calls f(i, lanes) for the registers of a row as simd_for does, after two(i) for every two while there are so many.
template <class A, class Two, class F> void for_twos(int count, Two&& two, F&& f) {
  const int twos = count - count % (2 * kSimd<A>);
  for (int i = 0; i < twos; i += 2 * kSimd<A>) two(i);
  simd_for<A>(count - twos, [&](int64_t i, auto lanes) { f(twos + static_cast<int>(i), lanes); });
}

/// v, and `other` in lanes that the row does not have.
template <class A, class Lanes> Simd<A> lanes_of(Simd<A> v, Lanes lanes, A other) {
  return simd_counting<mask_t<A>>() < static_cast<mask_t<A>>(lanes) ? v : simd_all(other);
}

template <class A> A sum_of(Simd<A> lanes) {
  return simd_joined<A>(lanes, [](Simd<A> a, Simd<A> b) { return a + b; });
}

template <class T> acc_t<T> largest_of(const T* x, int count) {
  using A = acc_t<T>;
  Simd<A> first = simd_all(kBelowAll<A>), second = first;
  for_twos<A>(
      count,
      [&](int i) {
        const PairOf<T> value = simd_load_pair(x + i);
        first = simd_max<A>(first, value.first), second = simd_max<A>(second, value.second);
      },
      [&](int i, auto lanes) { first = simd_max<A>(first, lanes_of<A>(simd_load(x + i, lanes), lanes, kBelowAll<A>)); });
  return simd_joined<A>(simd_max<A>(first, second), simd_max<A>);
}

/// The sum of e^(x - largest), and those themselves if `kept` is not null; it has room for whole registers.
template <class T> acc_t<T> exponential_sum(const T* x, acc_t<T> largest, int count, acc_t<T>* kept) {
  using A = acc_t<T>;
  Simd<A> first{}, second{};
  for_twos<A>(
      count,
      [&](int i) {
        const SimdPair<A> value = simd_load2(x + i);
        const Simd<A> one = simd_exp(value.first - largest), other = simd_exp(value.second - largest);
        if (kept) simd_store2(kept + i, one, other);
        first += one, second += other;
      },
      [&](int i, auto lanes) {
        const Simd<A> one = lanes_of<A>(simd_exp(simd_load(x + i, lanes) - largest), lanes, 0);
        if (kept) simd_store(kept + i, one);
        first += one;
      });
  return sum_of<A>(first + second);
}

template <class T> acc_t<T> row_sum(const T* x, int count) {
  using A = acc_t<T>;
  Simd<A> first{}, second{};
  for_twos<A>(
      count,
      [&](int i) {
        const PairOf<T> value = simd_load_pair(x + i);
        first += value.first, second += value.second;
      },
      [&](int i, auto lanes) { first += simd_load(x + i, lanes); });
  return sum_of<A>(first + second);
}

/// The sums over all classes have one term for each label, and what smoothing gives to every class.
template <class T> RowSums<acc_t<T>> sums_of(const T* x, const LabelRow<acc_t<T>>& t, int count) {
  using A = acc_t<T>;
  const A largest = largest_of(x, count), sum = exponential_sum<T>(x, largest, count, nullptr);
  RowSums<A> sums{largest, sum, t.everywhere * static_cast<A>(count), t.everywhere};
  if (t.everywhere != A(0)) sums.dot *= row_sum(x, count);
  if (t.everywhere != t.everywhere) return sums;  // a label out of range
  const auto add = [&](int c, A weight) {
    if (c < 0) return;
    sums.mass += weight;
    sums.dot += target_times(weight, static_cast<A>(x[c]));
  };
  add(t.first, t.first_weight);
  add(t.second, t.second_weight);
  return sums;
}

template <class T> RowSums<acc_t<T>> sums_of(const T* x, const SoftRow<acc_t<T>>& t, int count) {
  using A = acc_t<T>;
  const A largest = largest_of(x, count);
  Simd<A> sum{}, mass{}, dot{};
  const auto add = [&](Simd<A> value, Simd<A> target, auto lanes) {
    target = lanes_of<A>(t.factor * target + t.everywhere, lanes, 0);
    sum += lanes_of<A>(simd_exp(value - largest), lanes, 0);
    mass += target;
    dot += target == 0 ? Simd<A>{} : target * value;  // target_times
  };
  for_twos<A>(
      count,
      [&](int i) {
        const SimdPair<A> value = simd_load2(x + i), target = simd_load2(t.targets + i);
        add(value.first, target.first, kWhole<A>);
        add(value.second, target.second, kWhole<A>);
      },
      [&](int i, auto lanes) { add(simd_load(x + i, lanes), simd_load(t.targets + i, lanes), lanes); });
  return {largest, sum_of<A>(sum), sum_of<A>(mass), sum_of<A>(dot)};
}

template <class T> void gradient_row(const T* x, const LabelRow<acc_t<T>>& t, acc_t<T> shift, acc_t<T> factor, T* dx, int count) {
  using A = acc_t<T>;
  simd_map_registers(
      dx, count, [=](Simd<A> value) { return (simd_exp(value - shift) - t.everywhere) * factor; }, x);
  if (t.everywhere != t.everywhere) return;  // a label out of range
  for (const int c : {t.first, t.second})
    if (c >= 0) dx[c] = xent_gradient(static_cast<A>(x[c]), shift, t(c), factor);
}
template <class T> void gradient_row(const T* x, const SoftRow<acc_t<T>>& t, acc_t<T> shift, acc_t<T> factor, T* dx, int count) {
  using A = acc_t<T>;
  simd_map_registers(
      dx, count,
      [=](Simd<A> value, Simd<A> target) { return (simd_exp(value - shift) - (t.factor * target + t.everywhere)) * factor; }, x,
      t.targets);
}

/// `kept` has room for the row in whole registers.
template <class T> void softmax_row(Softmax, const T* x, T* y, int count, acc_t<T>* kept) {
  using A = acc_t<T>;
  const A factor = A(1) / exponential_sum(x, largest_of(x, count), count, kept);
  simd_map_registers(
      y, count, [=](Simd<A> exponential) { return exponential * factor; }, kept);
}
template <class T> void softmax_row(LogSoftmax, const T* x, T* y, int count, acc_t<T>*) {
  using A = acc_t<T>;
  const A largest = largest_of(x, count), log_sum = log_of(exponential_sum<T>(x, largest, count, nullptr));
  simd_map_registers(
      y, count, [=](Simd<A> value) { return (value - largest) - log_sum; }, x);
}

template <class T> void softmax_gradient_row(Softmax, const T* y, const T* dy, T* dx, int count) {
  using A = acc_t<T>;
  Simd<A> first{}, second{};
  for_twos<A>(
      count,
      [&](int i) {
        const PairOf<T> output = simd_load_pair(y + i), gradient = simd_load_pair(dy + i);
        first += output.first * gradient.first, second += output.second * gradient.second;
      },
      [&](int i, auto lanes) { first += simd_load(y + i, lanes) * simd_load(dy + i, lanes); });
  const A total = sum_of<A>(first + second);
  simd_map_registers(
      dx, count, [=](Simd<A> output, Simd<A> gradient) { return output * (gradient - total); }, y, dy);
}
template <class T> void softmax_gradient_row(LogSoftmax, const T* y, const T* dy, T* dx, int count) {
  using A = acc_t<T>;
  const A total = row_sum(dy, count);
  simd_map_registers(
      dx, count, [=](Simd<A> output, Simd<A> gradient) { return gradient - simd_exp(output) * total; }, y, dy);
}

template <class T> bool streams(int64_t elements) { return elements * static_cast<int64_t>(sizeof(T)) >= kStreamBytes; }

}  // namespace

template <class T, class Targets>
void softmax_xent_forward(Cpu, const T* x, Targets targets, RowResults<acc_t<T>> row, acc_t<T>* loss, int64_t rows,
                          int64_t classes) {
  const int count = static_cast<int>(classes);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    if (count <= kShortRow) {
      return for_row_blocks(begin, end, [=](int64_t first, int block) {
        short_xent_forward(x, target_columns(targets, first, block, rows, count), row, first, block, count);
      });
    }
    for (int64_t n = begin; n < end; ++n) {
      const auto sums = sums_of(x + n * classes, target_row(targets, n, rows, classes), count);
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
    if (count <= kShortRow) {
      return for_row_blocks(begin, end, [=](int64_t first, int block) {
        short_xent_backward(x, target_columns(targets, first, block, rows, count), row_shift, factor, dx, first, block, count);
      });
    }
    ConsecutiveRows<T> out(dx + begin * classes, classes, streams<T>(rows * classes));
    for (int64_t n = begin; n < end; ++n) {
      gradient_row(x + n * classes, target_row(targets, n, rows, classes), row_shift[n], factor, out.place(dx + n * classes),
                   count);
      out.send(classes);
    }
  });
}

template <class Form, class T> void softmax_forward(Cpu, Form, const T* x, T* y, int64_t rows, int64_t classes) {
  using A = acc_t<T>;
  const int count = static_cast<int>(classes);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    if (count <= kShortRow) {
      return for_row_blocks(begin, end,
                            [=](int64_t first, int block) { short_softmax_forward<Form>(x, y, first, block, count); });
    }
    std::vector<A> kept(static_cast<size_t>(count + kSimd<A>));
    ConsecutiveRows<T> out(y + begin * classes, classes, streams<T>(rows * classes));
    for (int64_t n = begin; n < end; ++n) {
      softmax_row(Form{}, x + n * classes, out.place(y + n * classes), count, kept.data());
      out.send(classes);
    }
  });
}

template <class Form, class T> void softmax_backward(Cpu, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes) {
  const int count = static_cast<int>(classes);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    if (count <= kShortRow) {
      return for_row_blocks(begin, end,
                            [=](int64_t first, int block) { short_softmax_backward<Form>(y, dy, dx, first, block, count); });
    }
    ConsecutiveRows<T> out(dx + begin * classes, classes, streams<T>(rows * classes));
    for (int64_t n = begin; n < end; ++n) {
      softmax_gradient_row(Form{}, y + n * classes, dy + n * classes, out.place(dx + n * classes), count);
      out.send(classes);
    }
  });
}

CUDENZA_SOFTMAX_XENT_OF(Cpu, float)
CUDENZA_SOFTMAX_XENT_OF(Cpu, bf16)
CUDENZA_SOFTMAX_XENT_OF(Cpu, f16)

}  // namespace cudenza::kernels
