#include "engine/core/cast.h"

#include "engine/core/dispatch.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

/// Casts that have a kernel: between f32, bf16 and f16; between f32 and f64 on the CPU.
template <class From, class To, class Where>
constexpr bool kHasKernel =
    !std::is_same_v<From, To> &&
    (sizeof(From) + sizeof(To) <= 6 || (std::is_same_v<Where, kernels::Cpu> && sizeof(From) + sizeof(To) == 12));

}  // namespace

bool cast_by_kernel(const Tensor& x, const Tensor& y) {
  if (!is_floating(x.dtype()) || !is_floating(y.dtype())) return false;
  bool done = false;
  dispatch_floating("cast", x.dtype(), [&]<class From>() {
    dispatch_floating("cast", y.dtype(), [&]<class To>() {
      on_device(x.device(), [&](auto where) {
        if constexpr (kHasKernel<From, To, decltype(where)>) {
          kernels::map(where, kernels::Identity{}, x.data<From>(), y.data<To>(), x.numel());
          done = true;
        }
      });
    });
  });
  return done;
}

}  // namespace cudenza
