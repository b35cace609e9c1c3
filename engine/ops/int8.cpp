#include "engine/ops/int8.h"

#include "engine/core/dispatch.h"
#include "engine/libraries/packed_conv.h"
#include "kernels/quantize/quantize.h"

namespace cudenza {
namespace {

kernels::ByteScale scale_of(const Quantization& q) { return {q.scale, q.zero}; }

void check_quantized(std::string_view op, const Tensor& x) {
  require(x.dtype() == DType::u8 && x.quantization() && x.device().is_cpu(),
          "{}: x is {} {} on {}, but must be quantized on a CPU", op, x.dtype(), x.shape(), x.device());
}

Tensor empty_result(const Shape& shape, const Tensor& x, Quantization& y) {
  y.of = x.quantization().of;
  return y ? Tensor::quantized(shape, y) : Tensor::empty(shape, y.of);
}

}  // namespace

Tensor quantized(const Tensor& x, Quantization q) {
  require((x.dtype() == DType::f32 || x.dtype() == DType::bf16) && x.device().is_cpu(),
          "quantized: x is {} on {}, but must be f32 or bf16 on a CPU", x.dtype(), x.device());
  require(static_cast<bool>(q), "quantized: the scale is {}, but must be positive", q.scale);
  q.of = x.dtype();
  const Tensor y = Tensor::quantized(x.shape(), q);
  dispatch_f32_or_bf16(
      x.dtype(), [&]<class T>() { kernels::quantize(kernels::Cpu{}, x.data<T>(), y.data<uint8_t>(), x.numel(), scale_of(q)); });
  return y;
}

Tensor dequantized(const Tensor& x) {
  const Quantization& q = x.quantization();
  if (!q) return x;
  const Tensor y = Tensor::empty(x.shape(), q.of);
  dispatch_f32_or_bf16(
      q.of, [&]<class T>() { kernels::dequantize(kernels::Cpu{}, x.data<uint8_t>(), y.data<T>(), x.numel(), scale_of(q)); });
  return y;
}

Tensor conv2d_int8(const Tensor& x, const Int8Conv& w, const Conv2dSpec& spec, bool relu, const Tensor& residual,
                   Quantization y) {
  check_quantized("conv2d_int8", x);
  const ConvShape s = conv_shape("conv2d_int8", x, w.w(), spec);
  const Shape shape{s.batch, s.out_height(), s.out_width(), s.out_channels};
  require(!residual.defined() || (residual.quantization() && residual.shape() == shape),
          "conv2d_int8: the residual {} {} cannot be added to {}; it must be quantized and of that shape",
          residual.defined() ? name_of(residual.dtype()) : "", residual.defined() ? residual.shape() : Shape{}, shape);
  const Tensor result = empty_result(shape, x, y);
  w.forward(s, x.data<uint8_t>(), result.raw(),
            {.x = x.quantization(),
             .y = y,
             .y_type = result.dtype(),
             .residual = residual.defined() ? residual.data<uint8_t>() : nullptr,
             .residual_is = residual.defined() ? residual.quantization() : Quantization(),
             .relu = relu});
  return result;
}

Tensor linear_int8(const Tensor& x, const Int8Conv& w) {
  check_quantized("linear_int8", x);
  const int64_t out = w.w()[0], in = w.w()[3];
  require(x.shape().rank() == 2 && x.size(1) == in && x.size(0) > 0, "linear_int8: x is {} but must be [N,{}]", x.shape(), in);
  Quantization none;
  const Tensor y = empty_result({x.size(0), out}, x, none);
  w.forward(conv_of_linear(DType::u8, x.size(0), in, out), x.data<uint8_t>(), y.raw(),
            {.x = x.quantization(), .y_type = y.dtype()});
  return y;
}

}  // namespace cudenza
