#include "engine/ops/cast.h"

#include "engine/autograd/node.h"
#include "engine/core/cast.h"
#include "engine/core/error.h"

namespace cudenza {
namespace {

Tensor converted(const Tensor& x, DType dtype) {
  const Tensor y = Tensor::empty(x.shape(), dtype, x.device());
  if (!is_floating(x.dtype())) throw_not_floating("cast", x.dtype());
  if (!is_floating(dtype)) throw_not_floating("cast", dtype);
  require(cast_by_kernel(x, y), "cast: {} to {} is not supported on {}; go by way of f32", x.dtype(), dtype, x.device());
  return y;
}

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return record("cast", converted(x, dtype), {x}, [from = x.dtype(), variable = x.variable()](const Tensor& dy) {
    // Gradients of f32 master weights are added up from 16 bits directly, which saves a pass over memory.
    const bool can_add = !variable->node && variable->grad.defined() && accumulator_of(dy.dtype()) == from;
    return std::vector{can_add ? dy : converted(dy, from)};
  });
}

}  // namespace cudenza
