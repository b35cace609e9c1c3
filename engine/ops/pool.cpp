#include "engine/ops/pool.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"
#include "kernels/pool/pool.h"

namespace cudenza {
namespace {

using kernels::AdaptiveSide;
using kernels::PoolShape;
using kernels::StridedSide;

constexpr int64_t kMostElements = 4'000'000'000, kMostPixels = 2'000'000'000;  // kernels/pool counts threads in 32 bits

void check_picture(std::string_view op, const Tensor& x) {
  require(x.shape().rank() == 4, "{}: x must be pictures [N,H,W,C] but is {}; reshape it first", op, x.shape());
  require(x.size(1) > 0 && x.size(2) > 0 && x.size(3) > 0, "{}: x {} has empty pictures; only the batch may be empty", op,
          x.shape());
  require(
      x.numel() <= kMostElements && x.size(0) <= kMostPixels && x.size(1) * x.size(2) <= kMostPixels && x.size(3) <= kMostPixels,
      "{}: x {} is too large: at most 4e9 elements in all and 2e9 pixels a picture; split the batch", op, x.shape());
}

StridedSide strided_side(std::string_view op, int64_t size, const AvgPool2dSpec& spec) {
  const int64_t out = kernels::pooled_size(size, spec.kernel, spec.stride, spec.pad, spec.ceil_mode);
  require(out > 0, "{}: a side of {} with pad {} is shorter than the kernel {}; use a smaller kernel or larger pictures", op,
          size, spec.pad, spec.kernel);
  return {.size = static_cast<int>(size),
          .out = static_cast<int>(out),
          .kernel = static_cast<int>(spec.kernel),
          .stride = static_cast<int>(spec.stride),
          .pad = static_cast<int>(spec.pad),
          .count_pad = spec.count_include_pad};
}

PoolShape<StridedSide> strided(std::string_view op, const Tensor& x, AvgPool2dSpec spec) {
  check_picture(op, x);
  if (spec.stride == 0) spec.stride = spec.kernel;
  require(spec.kernel >= 1 && spec.stride >= 1 && spec.kernel <= 1 << 15 && spec.stride <= 1 << 15,
          "{}: kernel {} and stride {} must be between 1 and 32768", op, spec.kernel, spec.stride);
  require(spec.pad >= 0 && spec.pad <= spec.kernel / 2,
          "{}: pad {} must lie between 0 and half the kernel ({}); pad the picture itself if you need more", op, spec.pad,
          spec.kernel / 2);
  return {static_cast<int>(x.size(0)), strided_side(op, x.size(1), spec), strided_side(op, x.size(2), spec),
          static_cast<int>(x.size(3))};
}

AdaptiveSide adaptive_side(std::string_view op, int64_t size, int64_t out) {
  require(out >= 1 && out <= 1 << 15 && size * out <= 1 << 30,
          "{}: a side of {} cannot become {}; choose a size between 1 and 32768", op, size, out);
  return {static_cast<int>(size), static_cast<int>(out)};
}

PoolShape<AdaptiveSide> adaptive(std::string_view op, const Tensor& x, int64_t out_h, int64_t out_w) {
  check_picture(op, x);
  return {static_cast<int>(x.size(0)), adaptive_side(op, x.size(1), out_h), adaptive_side(op, x.size(2), out_w),
          static_cast<int>(x.size(3))};
}

template <class Side> Tensor empty_output(std::string_view op, const Tensor& x, const PoolShape<Side>& s, DType dtype) {
  const Shape shape{s.batch, s.rows.out, s.columns.out, s.channels};
  require(shape.numel() <= kMostElements, "{}: y {} is too large: at most 4e9 elements; split the batch", op, shape);
  return Tensor::empty(shape, dtype, x.device());
}

template <class Side> Tensor empty_input(const Tensor& dy, const PoolShape<Side>& s) {
  return Tensor::empty({s.batch, s.rows.size, s.columns.size, s.channels}, dy.dtype(), dy.device());
}

/// Calls f with the last arguments of a forward kernel: a workspace on a GPU, none on the CPU.
template <class Where, class Side, class F> void with_workspace(Where, const Tensor& x, const PoolShape<Side>& s, F&& f) {
  if constexpr (std::is_same_v<Where, kernels::Gpu>) {
    const Tensor workspace = Tensor::empty({static_cast<int64_t>(kernels::pool_workspace_bytes(s))}, DType::u8, x.device());
    f(workspace.raw());
  } else {
    f();
  }
}

/// Calls f(winners) with a pointer of the type that the max pool's winners have; null if `winner` is undefined.
template <class F> void with_winner(const Tensor& winner, F&& f) {
  if (!winner.defined()) return f(static_cast<uint8_t*>(nullptr));
  if (winner.dtype() == DType::u8) return f(winner.data<uint8_t>());
  f(winner.data<int32_t>());
}

template <class Side> Tensor max_pool(std::string_view op, const Tensor& x, const PoolShape<Side>& s) {
  const Tensor y = empty_output(op, x, s, x.dtype());
  const Tensor winner =
      x.tracks_grad() ? empty_output(op, x, s, kernels::winner_fits_byte(s) ? DType::u8 : DType::i32) : Tensor();
  dispatch_kernel(op, x.device(), x.dtype(), [&]<class T>(auto where) {
    with_winner(winner, [&](auto* winners) {
      with_workspace(where, x, s, [&](auto... workspace) {
        kernels::max_pool_forward(where, x.data<T>(), y.data<T>(), winners, s, workspace...);
      });
    });
  });
  return record(op, y, {x}, [op, winner, s](const Tensor& dy) {
    const Tensor dx = empty_input(dy, s);
    dispatch_kernel(op, dy.device(), dy.dtype(), [&]<class T>(auto where) {
      with_winner(winner,
                  [&](const auto* winners) { kernels::max_pool_backward(where, dy.data<T>(), winners, dx.data<T>(), s); });
    });
    return std::vector{dx};
  });
}

template <class Side> Tensor avg_pool(std::string_view op, const Tensor& x, const PoolShape<Side>& s) {
  const Tensor y = empty_output(op, x, s, x.dtype());
  dispatch_kernel(op, x.device(), x.dtype(), [&]<class T>(auto where) {
    with_workspace(where, x, s,
                   [&](auto... workspace) { kernels::avg_pool_forward(where, x.data<T>(), y.data<T>(), s, workspace...); });
  });
  return record(op, y, {x}, [op, s](const Tensor& dy) {
    const Tensor dx = empty_input(dy, s);
    dispatch_kernel(op, dy.device(), dy.dtype(),
                    [&]<class T>(auto where) { kernels::avg_pool_backward(where, dy.data<T>(), dx.data<T>(), s); });
    return std::vector{dx};
  });
}

template <class Side> bool keeps_size(const PoolShape<Side>& s) {
  return s.rows.size == s.rows.out && s.columns.size == s.columns.out;
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const MaxPool2dSpec& spec) {
  const auto s = strided("max_pool2d", x, {spec.kernel, spec.stride, spec.pad, spec.ceil_mode, false});
  if (!x.quantization()) return max_pool("max_pool2d", x, s);
  const Tensor y = Tensor::quantized({s.batch, s.rows.out, s.columns.out, s.channels}, x.quantization());
  kernels::max_pool_bytes({}, x.data<uint8_t>(), y.data<uint8_t>(), s);
  return y;
}

Tensor avg_pool2d(const Tensor& x, const AvgPool2dSpec& spec) {
  return avg_pool("avg_pool2d", x, strided("avg_pool2d", x, spec));
}

Tensor adaptive_avg_pool2d(const Tensor& x, int64_t out_h, int64_t out_w) {
  const auto s = adaptive("adaptive_avg_pool2d", x, out_h, out_w);
  if (keeps_size(s)) return x;
  if (out_h * out_w == 1) return reshape(spatial_mean(x), {s.batch, 1, 1, s.channels});
  return avg_pool("adaptive_avg_pool2d", x, s);
}

Tensor adaptive_max_pool2d(const Tensor& x, int64_t out_h, int64_t out_w) {
  const auto s = adaptive("adaptive_max_pool2d", x, out_h, out_w);
  return keeps_size(s) ? x : max_pool("adaptive_max_pool2d", x, s);
}

}  // namespace cudenza
