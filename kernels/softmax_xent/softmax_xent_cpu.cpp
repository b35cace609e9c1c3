#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/common/short_rows.h"
#include "kernels/softmax_xent/softmax_xent_instances.h"
#include "kernels/softmax_xent/softmax_xent_short.h"

namespace cudenza::kernels {
namespace {

/// What an element costs against the plain copy that parallel_ranges counts in: an exponential.
constexpr int64_t kCost = 4;

/// One number of each lane of a row's tiles: sums and maxima that neither wait for themselves nor depend on the compiler.
template <class A> using Lanes = RowNumbers<A>;

template <class A> A sum_of(Lanes<A>& lanes) {
  for (int width = kTile / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; ++k) lanes[k] += lanes[k + width];
  }
  return lanes[0];
}

template <class T> acc_t<T> largest_of(const T* x, int count) {
  using A = acc_t<T>;
  Lanes<A> largest(kBelowAll<A>);
  for_tiles(count, [&](int64_t i, auto width) {
    const Tile<T> value(x + i, width);
#pragma omp simd
    for (int k = 0; k < width; ++k) largest[k] = larger(largest[k], value[k]);
  });
  for (int width = kTile / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; ++k) largest[k] = larger(largest[k], largest[k + width]);
  }
  return largest[0];
}

/// The sum of e^(x - largest), and what Form keeps of each element.
template <class Form, class T> acc_t<T> exponential_sum(const T* x, acc_t<T> largest, int count, acc_t<T>* kept) {
  using A = acc_t<T>;
  Lanes<A> sum(0);
  for_tiles(count, [&](int64_t i, auto width) {
    const Tile<T> value(x + i, width);
#pragma omp simd
    for (int k = 0; k < width; ++k) {
      const A shifted = value[k] - largest, exponential = exp_of(shifted);
      sum[k] += exponential;
      kept[i + k] = Form::kept(shifted, exponential);
    }
  });
  return sum_of(sum);
}

template <class T, class TargetRow> RowSums<acc_t<T>> sums_of(const T* x, TargetRow t, int count) {
  using A = acc_t<T>;
  const A largest = largest_of(x, count);
  Lanes<A> sum(0), mass(0), dot(0);
  for_tiles(count, [&](int64_t i, auto width) {
    const Tile<T> values(x + i, width);
#pragma omp simd
    for (int k = 0; k < width; ++k) {
      const A value = values[k], target = t(static_cast<int>(i) + k);
      sum[k] += exp_of(value - largest);
      mass[k] += target;
      dot[k] += target_times(target, value);
    }
  });
  return {largest, sum_of(sum), sum_of(mass), sum_of(dot)};
}

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
    for (int64_t n = begin; n < end; ++n) {
      const auto t = target_row(targets, n, rows, classes);
      const A shift = row_shift[n];
      for_tiles(count, [=](int64_t i, auto width) {
        alignas(64) A gradient[kTile];
        const Tile<T> value(x + n * classes + i, width);
#pragma omp simd
        for (int k = 0; k < width; ++k) gradient[k] = xent_gradient(value[k], shift, t(static_cast<int>(i) + k), factor);
        store_tile(dx + n * classes + i, gradient, width);
      });
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
    std::vector<A> kept(static_cast<size_t>(count));
    for (int64_t n = begin; n < end; ++n) {
      const T* x_row = x + n * classes;
      const A sum = exponential_sum<Form>(x_row, largest_of(x_row, count), count, kept.data()), constant = Form::constant(sum);
      simd_map(
          y + n * classes, count, [=](A value) { return Form::y_of_kept(value, constant); }, kept.data());
    }
  });
}

template <class Form, class T> void softmax_backward(Cpu, Form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes) {
  using A = acc_t<T>;
  const int count = static_cast<int>(classes);
  parallel_ranges(rows, classes * kCost, [=](int64_t begin, int64_t end) {
    if (count <= kShortRow) {
      return for_row_blocks(begin, end,
                            [=](int64_t first, int block) { short_softmax_backward<Form>(y, dy, dx, first, block, count); });
    }
    for (int64_t n = begin; n < end; ++n) {
      const T *y_row = y + n * classes, *dy_row = dy + n * classes;
      Lanes<A> terms(0);
      for_tiles(count, [&](int64_t i, auto width) {
        const Tile<T> output(y_row + i, width), gradient(dy_row + i, width);
#pragma omp simd
        for (int k = 0; k < width; ++k) terms[k] += Form::term(output[k], gradient[k]);
      });
      const A total = sum_of(terms);
      simd_map(
          dx + n * classes, count, [=](A output, A gradient) { return Form::dx(output, gradient, total); }, y_row, dy_row);
    }
  });
}

CUDENZA_SOFTMAX_XENT_OF(Cpu, float)
CUDENZA_SOFTMAX_XENT_OF(Cpu, bf16)
CUDENZA_SOFTMAX_XENT_OF(Cpu, f16)
CUDENZA_SOFTMAX_XENT_OF(Cpu, double)

}  // namespace cudenza::kernels
