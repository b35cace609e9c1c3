#include "engine/ops/pointwise.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/ops/reduce.h"
#include "kernels/channel_scale/channel_scale.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

template <class Op> Tensor mapped(std::string_view name, Op op, const Tensor& x) {
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  dispatch_kernel(name, x.device(), x.dtype(),
                  [&]<class T>(auto where) { kernels::map(where, op, x.data<T>(), y.data<T>(), x.numel()); });
  return y;
}

template <class Op> Tensor mapped(std::string_view name, Op op, const Tensor& a, const Tensor& b) {
  require(a.shape() == b.shape() && a.dtype() == b.dtype() && a.device() == b.device(),
          "{}: both arguments need one shape, type and device, but got {} {} on {} and {} {} on {}", name, a.dtype(), a.shape(),
          a.device(), b.dtype(), b.shape(), b.device());
  const Tensor y = Tensor::empty(a.shape(), a.dtype(), a.device());
  dispatch_kernel(name, a.device(), a.dtype(),
                  [&]<class T>(auto where) { kernels::map2(where, op, a.data<T>(), b.data<T>(), y.data<T>(), a.numel()); });
  return y;
}

// b is broadcast over all axes of x but the last.
template <class Op> Tensor mapped_channels(std::string_view name, Op op, const Tensor& x, const Tensor& b) {
  const DType dtype = accumulator_of(x.dtype());
  require(x.shape().rank() >= 1 && b.shape() == Shape{x.shape().channels()} && b.dtype() == dtype && b.device() == x.device(),
          "{}: x {} {} on {} needs one {} value for each of its {} channels on the same device, but got {} {} on {}", name,
          x.dtype(), x.shape(), x.device(), dtype, x.shape().channels(), b.dtype(), b.shape(), b.device());
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  dispatch_kernel(name, x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::map_channels(where, op, x.data<T>(), b.data<acc_t<T>>(), y.data<T>(), x.shape().rows(), x.shape().channels());
  });
  return y;
}

// dx = dy factor and dfactor = the sum over rows of dy x, in one pass.
std::vector<Tensor> scaled_backward(const Tensor& dy, const Tensor& x, const Tensor& factor) {
  const Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Tensor dfactor = Tensor::empty(factor.shape(), factor.dtype(), factor.device());
  const kernels::RowsShape rows{.rows = x.shape().rows(), .channels = x.shape().channels()};
  dispatch_kernel("mul_channels", x.device(), x.dtype(), [&]<class T>(auto where) {
    const int64_t bytes = static_cast<int64_t>(kernels::channel_scale_workspace_bytes(where, rows));
    const Tensor workspace = Tensor::empty({bytes}, DType::u8, x.device());
    kernels::channel_scale_backward(where, dy.data<T>(), x.data<T>(), factor.data<acc_t<T>>(), dx.data<T>(),
                                    dfactor.data<acc_t<T>>(), rows, workspace.raw());
  });
  return {dx, dfactor};
}

}  // namespace

Tensor relu(const Tensor& x) {
  const Tensor y = mapped("relu", kernels::Relu{}, x);
  return record("relu", y, {x},
                [y = y.detach()](const Tensor& dy) { return std::vector{mapped("relu", kernels::ReluGrad{}, y, dy)}; });
}

Tensor sigmoid(const Tensor& x) {
  const Tensor y = mapped("sigmoid", kernels::Sigmoid{}, x);
  return record("sigmoid", y, {x},
                [y = y.detach()](const Tensor& dy) { return std::vector{mapped("sigmoid", kernels::SigmoidGrad{}, y, dy)}; });
}

Tensor hard_swish(const Tensor& x) {
  return record("hard_swish", mapped("hard_swish", kernels::HardSwish{}, x), {x}, [x = x.detach()](const Tensor& dy) {
    return std::vector{mapped("hard_swish", kernels::HardSwishGrad{}, x, dy)};
  });
}

Tensor log1p(const Tensor& x) {
  return record("log1p", mapped("log1p", kernels::Log1p{}, x), {x},
                [x = x.detach()](const Tensor& dy) { return std::vector{mapped("log1p", kernels::Log1pGrad{}, x, dy)}; });
}

Tensor signed_sqrt(const Tensor& x) {
  return record("signed_sqrt", mapped("signed_sqrt", kernels::SignedSqrt{}, x), {x}, [x = x.detach()](const Tensor& dy) {
    return std::vector{mapped("signed_sqrt", kernels::SignedSqrtGrad{}, x, dy)};
  });
}

Tensor scale(const Tensor& x, double factor) {
  return record("scale", mapped("scale", kernels::Scale{factor}, x), {x},
                [factor](const Tensor& dy) { return std::vector{mapped("scale", kernels::Scale{factor}, dy)}; });
}

Tensor add(const Tensor& a, const Tensor& b) {
  return record("add", mapped("add", kernels::Plus{}, a, b), {a, b}, [](const Tensor& dy) { return std::vector{dy, dy}; });
}

Tensor add_relu(const Tensor& a, const Tensor& b) {
  const Tensor y = mapped("add_relu", kernels::PlusRelu{}, a, b);
  return record("add_relu", y, {a, b}, [y = y.detach()](const Tensor& dy) {
    const Tensor d = mapped("add_relu", kernels::ReluGrad{}, y, dy);
    return std::vector{d, d};
  });
}

Tensor add(const Tensor& x, double value) {
  return record("add", mapped("add", kernels::AddScalar{value}, x), {x}, [](const Tensor& dy) { return std::vector{dy}; });
}

Tensor sub(const Tensor& a, const Tensor& b) {
  return record("sub", mapped("sub", kernels::Minus{}, a, b), {a, b}, [](const Tensor& dy) {
    return std::vector{dy, mapped("sub", kernels::Scale{-1}, dy)};
  });
}

Tensor mul(const Tensor& a, const Tensor& b) {
  const bool wants_a = a.tracks_grad(), wants_b = b.tracks_grad();
  return record("mul", mapped("mul", kernels::Times{}, a, b), {a, b},
                [a = wants_b ? a.detach() : Tensor(), b = wants_a ? b.detach() : Tensor()](const Tensor& dy) {
                  return std::vector{b.defined() ? mapped("mul", kernels::Times{}, dy, b) : Tensor(),
                                     a.defined() ? mapped("mul", kernels::Times{}, dy, a) : Tensor()};
                });
}

Tensor div(const Tensor& a, const Tensor& b) {
  const Tensor y = mapped("div", kernels::Divide{}, a, b);
  return record("div", y, {a, b}, [y = b.tracks_grad() ? y.detach() : Tensor(), b = b.detach()](const Tensor& dy) {
    const Tensor da = mapped("div", kernels::Divide{}, dy, b);
    return std::vector{da, y.defined() ? mapped("div", kernels::Scale{-1}, mapped("div", kernels::Times{}, da, y)) : Tensor()};
  });
}

Tensor compare(kernels::Relation relation, const Tensor& a, const Tensor& b) {
  return mapped("compare", kernels::Compare{relation}, a, b);
}

Tensor add_bias(const Tensor& x, const Tensor& bias) {
  const bool wants_bias = bias.tracks_grad();
  return record("add_bias", mapped_channels("add_bias", kernels::Plus{}, x, bias), {x, bias}, [wants_bias](const Tensor& dy) {
    return std::vector{dy, wants_bias ? sum_rows(dy) : Tensor()};
  });
}

Tensor mul_channels(const Tensor& x, const Tensor& factor) {
  const bool wants_x = x.tracks_grad(), wants_factor = factor.tracks_grad();
  return record("mul_channels", mapped_channels("mul_channels", kernels::Times{}, x, factor), {x, factor},
                [x = wants_factor ? x.detach() : Tensor(), factor = wants_x ? factor.detach() : Tensor()](const Tensor& dy) {
                  if (factor.defined() && x.defined()) return scaled_backward(dy, x, factor);
                  return std::vector{factor.defined() ? mapped_channels("mul_channels", kernels::Times{}, dy, factor) : Tensor(),
                                     x.defined() ? sum_rows_of_products(dy, x) : Tensor()};
                });
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  return record("reshape", x.view(shape), {x}, [shape = x.shape()](const Tensor& dy) { return std::vector{dy.view(shape)}; });
}

}  // namespace cudenza
