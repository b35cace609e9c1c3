#include "engine/core/cast.h"

#include "engine/core/dispatch.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

/// Casts that have a kernel: between f32, bf16 and f16; between f32 and f64 the CPU's reference.
template <class From, class To> constexpr bool kIsF64 = sizeof(From) + sizeof(To) == 12;
template <class From, class To> constexpr bool kHasKernel = !std::is_same_v<From, To> && sizeof(From) + sizeof(To) <= 6;

}  // namespace

bool cast_by_kernel(const Tensor& x, const Tensor& y) {
  if (!is_floating(x.dtype()) || !is_floating(y.dtype())) return false;
  bool done = false;
  dispatch_floating("cast", x.dtype(), [&]<class From>() {
    dispatch_floating("cast", y.dtype(), [&]<class To>() {
      const auto convert = [&](auto where) {
        kernels::map(where, kernels::Identity{}, x.data<From>(), y.data<To>(), x.numel());
        done = true;
      };
      if constexpr (kHasKernel<From, To>) on_place(x.device(), convert);
      else if constexpr (kIsF64<From, To>) {
        if (x.device().is_cpu()) convert(kernels::Reference{});
      }
    });
  });
  return done;
}

}  // namespace cudenza
