/// The equations of engine/libraries/conv.h as loops. The innermost loop runs over channels, where x, w and dx are
/// contiguous; in forward() also over the window's columns, since a window's row is contiguous in x and w.
#include "engine/libraries/conv.h"

#include <algorithm>
#include <vector>

#include "engine/core/dispatch.h"
#include "kernels/common/parallel.h"

namespace cudenza {
namespace {

using kernels::parallel_ranges;

template <class T> acc_t<T> dot(const T* a, const T* b, int64_t count) {
  acc_t<T> sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += static_cast<acc_t<T>>(a[i]) * static_cast<acc_t<T>>(b[i]);
  return sum;
}

/// sums[i] += factor · x[i]
template <class T> void add_scaled(T factor, const T* x, std::vector<acc_t<T>>& sums) {
  const auto f = static_cast<acc_t<T>>(factor);
  const int64_t count = static_cast<int64_t>(sums.size());
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) sums[i] += f * static_cast<acc_t<T>>(x[i]);
}

template <class T> void store(const std::vector<acc_t<T>>& sums, T* y) {
  std::transform(sums.begin(), sums.end(), y, [](acc_t<T> sum) { return static_cast<T>(sum); });
}

/// One axis of the window of an output: taps [first, last) lie inside the input, tap t at input position `origin + t`.
struct Taps {
  int64_t origin, first, last;
  Taps(int64_t output, int64_t stride, int64_t pad, int64_t kernel, int64_t extent)
      : origin(output * stride - pad), first(std::max<int64_t>(0, -origin)), last(std::min(kernel, extent - origin)) {}
};

/// The output whose window has tap t at the input position, or -1.
int64_t output_at(int64_t position, int64_t t, int64_t stride, int64_t pad, int64_t outputs) {
  const int64_t start = position + pad - t;
  return start >= 0 && start % stride == 0 && start / stride < outputs ? start / stride : -1;
}

template <class T> void forward(const ConvShape& s, const T* x, const T* w, T* y, const ConvEpilogue& e) {
  const auto* bias = static_cast<const acc_t<T>*>(e.bias);
  const auto* residual = static_cast<const T*>(e.residual);
  const int64_t channels = s.in_channels, rows = s.out_height(), columns = s.out_width();
  const auto one_row = [&](int64_t row) {
    const int64_t n = row / rows;
    const Taps vertical(row % rows, s.stride, s.pad, s.kernel_h, s.height);
    for (int64_t j = 0; j < columns; ++j) {
      const Taps horizontal(j, s.stride, s.pad, s.kernel_w, s.width);
      const int64_t run = (horizontal.last - horizontal.first) * channels;
      for (int64_t k = 0; k < s.out_channels; ++k) {
        const int64_t at = (row * columns + j) * s.out_channels + k;
        acc_t<T> sum = 0;
        for (int64_t r = vertical.first; r < vertical.last; ++r) {
          sum += dot(x + ((n * s.height + vertical.origin + r) * s.width + horizontal.origin + horizontal.first) * channels,
                     w + ((k * s.kernel_h + r) * s.kernel_w + horizontal.first) * channels, run);
        }
        if (bias) sum += bias[k];
        if (residual) sum += static_cast<acc_t<T>>(residual[at]);
        y[at] = static_cast<T>(e.relu && sum < 0 ? acc_t<T>(0) : sum);
      }
    }
  };
  parallel_ranges(s.batch * rows, columns * s.out_channels * s.kernel_h * s.kernel_w * channels, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) one_row(row);
  });
}

template <class T> void backward_data(const ConvShape& s, const T* dy, const T* w, T* dx) {
  const int64_t rows = s.out_height(), columns = s.out_width();
  const auto one_pixel = [&](int64_t n, int64_t p, int64_t q, std::vector<acc_t<T>>& sums) {
    std::fill(sums.begin(), sums.end(), acc_t<T>(0));
    for (int64_t r = 0; r < s.kernel_h; ++r) {
      const int64_t i = output_at(p, r, s.stride, s.pad, rows);
      for (int64_t c = 0; i >= 0 && c < s.kernel_w; ++c) {
        const int64_t j = output_at(q, c, s.stride, s.pad, columns);
        if (j < 0) continue;
        const T* here = dy + ((n * rows + i) * columns + j) * s.out_channels;
        for (int64_t k = 0; k < s.out_channels; ++k) {
          add_scaled(here[k], w + ((k * s.kernel_h + r) * s.kernel_w + c) * s.in_channels, sums);
        }
      }
    }
    store(sums, dx + ((n * s.height + p) * s.width + q) * s.in_channels);
  };
  parallel_ranges(s.batch * s.height, s.width * s.in_channels * s.kernel_h * s.kernel_w * s.out_channels,
                  [&](int64_t begin, int64_t end) {
                    std::vector<acc_t<T>> sums(s.in_channels);
                    for (int64_t row = begin; row < end; ++row) {
                      for (int64_t q = 0; q < s.width; ++q) one_pixel(row / s.height, row % s.height, q, sums);
                    }
                  });
}

template <class T> void backward_weights(const ConvShape& s, const T* x, const T* dy, T* dw) {
  const int64_t rows = s.out_height(), columns = s.out_width();
  const auto one_tap = [&](int64_t k, int64_t r, int64_t c, std::vector<acc_t<T>>& sums) {
    std::fill(sums.begin(), sums.end(), acc_t<T>(0));
    for (int64_t n = 0; n < s.batch; ++n) {
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t p = i * s.stride - s.pad + r;
        for (int64_t j = 0; p >= 0 && p < s.height && j < columns; ++j) {
          const int64_t q = j * s.stride - s.pad + c;
          if (q < 0 || q >= s.width) continue;
          add_scaled(dy[((n * rows + i) * columns + j) * s.out_channels + k],
                     x + ((n * s.height + p) * s.width + q) * s.in_channels, sums);
        }
      }
    }
    store(sums, dw + ((k * s.kernel_h + r) * s.kernel_w + c) * s.in_channels);
  };
  const int64_t taps = s.kernel_h * s.kernel_w;
  parallel_ranges(s.out_channels * taps, s.batch * rows * columns * s.in_channels, [&](int64_t begin, int64_t end) {
    std::vector<acc_t<T>> sums(s.in_channels);
    for (int64_t f = begin; f < end; ++f) one_tap(f / taps, f % taps / s.kernel_w, f % s.kernel_w, sums);
  });
}

class ReferenceConv final : public ConvBackend {
 public:
  std::string_view name() const override { return "reference"; }
  bool supports(const ConvShape& s) const override { return is_floating(s.dtype); }

  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    dispatch_floating("conv2d", s.dtype, [&]<class T>() {
      cudenza::forward(s, static_cast<const T*>(x), static_cast<const T*>(w), static_cast<T*>(y), e);
    });
  }
  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    dispatch_floating("conv2d", s.dtype, [&]<class T>() {
      cudenza::backward_data(s, static_cast<const T*>(dy), static_cast<const T*>(w), static_cast<T*>(dx));
    });
  }
  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    dispatch_floating("conv2d", s.dtype, [&]<class T>() {
      cudenza::backward_weights(s, static_cast<const T*>(x), static_cast<const T*>(dy), static_cast<T*>(dw));
    });
  }
};

}  // namespace

const ConvBackend& conv_reference() {
  static const ReferenceConv backend;
  return backend;
}

}  // namespace cudenza
