#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/ops/pointwise.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

/// Casts that have a kernel: between f32, bf16 and f16; between f32 and f64 on the CPU.
template <class From, class To, class Where>
constexpr bool kHasKernel =
    !std::is_same_v<From, To> &&
    (sizeof(From) + sizeof(To) <= 6 || (std::is_same_v<Where, kernels::Cpu> && sizeof(From) + sizeof(To) == 12));

Tensor converted(const Tensor& x, DType dtype) {
  const Tensor y = Tensor::empty(x.shape(), dtype, x.device());
  dispatch_floating("cast", x.dtype(), [&]<class From>() {
    dispatch_floating("cast", dtype, [&]<class To>() {
      on_device(x.device(), [&](auto where) {
        if constexpr (kHasKernel<From, To, decltype(where)>) {
          kernels::map(where, kernels::Identity{}, x.data<From>(), y.data<To>(), x.numel());
        } else {
          throw UsageError(fmt::format("cast: {} to {} is not supported on {}; go by way of f32", x.dtype(), dtype, x.device()));
        }
      });
    });
  });
  return y;
}

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return record("cast", converted(x, dtype), {x},
                [from = x.dtype()](const Tensor& dy) { return std::vector{converted(dy, from)}; });
}

}  // namespace cudenza
