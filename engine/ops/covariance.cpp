#include "engine/ops/covariance.h"

#include "engine/autograd/node.h"
#include "engine/libraries/gemm.h"
#include "engine/ops/cast.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"

namespace cudenza {
namespace {

/// x without the mean of each channel of each picture, [N,positions,C].
Tensor centred(const Tensor& x) {
  const int64_t count = x.size(0), positions = x.size(1) * x.size(2), channels = x.size(3);
  const Tensor minus_mean = scale(spatial_mean(x), -1);
  const Tensor y = Tensor::empty({count, positions, channels}, x.dtype(), x.device());
  for (int64_t n = 0; n < count; ++n) {
    const int64_t begin = n * positions * channels;
    y.slice(begin, {positions, channels})
        .copy_from(add_bias(x.slice(begin, {positions, channels}), minus_mean.slice(n * channels, {channels})));
  }
  return y;
}

/// y[n] = z[n]' z[n] / positions, [N,C,C].
Tensor products(const Tensor& z) {
  const int64_t positions = z.size(1), channels = z.size(2);
  const Tensor y = Tensor::empty({z.size(0), channels, channels}, z.dtype(), z.device());
  const GemmShape shape{.dtype = z.dtype(), .m = channels, .n = channels, .k = positions, .transpose_a = true};
  for (int64_t n = 0; n < z.size(0); ++n) {
    const Tensor one = z.slice(n * positions * channels, {positions, channels});
    gemm(z.device(), shape, one.raw(), one.raw(), y.slice(n * channels * channels, {channels, channels}).raw());
  }
  return scale(y, 1.0 / static_cast<double>(positions));
}

/// dz[n] = z[n] (dy[n] + dy[n]') / positions. It is dx, too: the columns of z have mean 0, and so have those of dz.
Tensor products_backward(const Tensor& dy, const Tensor& z) {
  const int64_t positions = z.size(1), channels = z.size(2);
  const Tensor straight = Tensor::empty(z.shape(), z.dtype(), z.device());
  const Tensor turned = Tensor::empty(z.shape(), z.dtype(), z.device());
  GemmShape shape{.dtype = z.dtype(), .m = positions, .n = channels, .k = channels};
  for (int64_t n = 0; n < z.size(0); ++n) {
    const int64_t at = n * positions * channels;
    const void* const one = z.slice(at, {positions, channels}).raw();
    const void* const gradient = dy.slice(n * channels * channels, {channels, channels}).raw();
    shape.transpose_b = false;
    gemm(z.device(), shape, one, gradient, straight.slice(at, {positions, channels}).raw());
    shape.transpose_b = true;
    gemm(z.device(), shape, one, gradient, turned.slice(at, {positions, channels}).raw());
  }
  return scale(add(straight, turned), 1.0 / static_cast<double>(positions));
}

}  // namespace

Tensor channel_covariance(const Tensor& x) {
  require(x.shape().rank() == 4 && x.numel() > 0, "channel_covariance: x is {}, but must be pictures [N,H,W,C]", x.shape());
  const DType wide = accumulator_of(x.dtype());
  Tensor z;
  const Tensor y = [&] {
    const NoGrad no_grad;
    z = centred(cast(x, wide));
    return cast(products(z), x.dtype());
  }();
  return record("channel_covariance", y, {x}, [z, wide, shape = x.shape()](const Tensor& dy) {
    return std::vector{cast(reshape(products_backward(cast(dy, wide), z), shape), dy.dtype())};
  });
}

}  // namespace cudenza
