#include "engine/ops/layout.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "kernels/layout/layout.h"

namespace cudenza {
namespace {

template <class Element> void transpose_as(const Tensor& x, const Tensor& y, const kernels::TransposeShape& s) {
  on_place(x.device(), [&](auto where) {
    kernels::transpose(where, static_cast<const Element*>(x.raw()), static_cast<Element*>(y.raw()), s);
  });
}

// Elements are only moved, so their size says which function moves them.
void transpose(const Tensor& x, const Tensor& y, const kernels::TransposeShape& s) {
  switch (size_of(x.dtype())) {
    case 1: return transpose_as<uint8_t>(x, y, s);
    case 2: return transpose_as<uint16_t>(x, y, s);
    case 4: return transpose_as<uint32_t>(x, y, s);
    default: return transpose_as<uint64_t>(x, y, s);
  }
}

// [a,b,h,w] -> [a,h,w,b]: `b` goes last.
Tensor second_axis_last(const Tensor& x) {
  const Tensor y = Tensor::empty({x.size(0), x.size(2), x.size(3), x.size(1)}, x.dtype(), x.device());
  transpose(x, y, {x.size(0), x.size(1), x.size(2) * x.size(3)});
  return y;
}

// [a,h,w,b] -> [a,b,h,w].
Tensor last_axis_second(const Tensor& x) {
  const Tensor y = Tensor::empty({x.size(0), x.size(3), x.size(1), x.size(2)}, x.dtype(), x.device());
  transpose(x, y, {x.size(0), x.size(1) * x.size(2), x.size(3)});
  return y;
}

using Move = Tensor (*)(const Tensor&);

// A permutation; its gradient is the inverse permutation.
Tensor moved(std::string_view name, std::string_view axes, const Tensor& x, Move forward, Move backward) {
  require(x.shape().rank() == 4, "{}: the argument is {}, but must be {}", name, x.shape(), axes);
  return record(name, forward(x), {x}, [backward](const Tensor& dy) { return std::vector{backward(dy)}; });
}

}  // namespace

Tensor nchw_to_nhwc(const Tensor& x) { return moved("nchw_to_nhwc", "[N,C,H,W]", x, second_axis_last, last_axis_second); }
Tensor nhwc_to_nchw(const Tensor& x) { return moved("nhwc_to_nchw", "[N,H,W,C]", x, last_axis_second, second_axis_last); }
Tensor oihw_to_krsc(const Tensor& w) { return moved("oihw_to_krsc", "[O,I,H,W]", w, second_axis_last, last_axis_second); }
Tensor krsc_to_oihw(const Tensor& w) { return moved("krsc_to_oihw", "[K,R,S,C]", w, last_axis_second, second_axis_last); }

}  // namespace cudenza
