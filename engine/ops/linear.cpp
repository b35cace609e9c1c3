#include "engine/ops/linear.h"

#include "engine/autograd/node.h"
#include "engine/libraries/gemm.h"
#include "engine/ops/reduce.h"

namespace cudenza {
namespace {

void check_shapes(const Tensor& x, const Shape& w, const Tensor& bias) {
  require(x.shape().rank() == 2, "linear: x is {} but must be a matrix [N,in]; reshape() it first", x.shape());
  require(w.rank() == 2, "linear: w is {} but must be a matrix [out,in]", w);
  require(x.size(1) == w[1], "linear: x has {} features but w expects {} (x {}, w {}); the layer before must give {}", x.size(1),
          w[1], x.shape(), w, w[1]);
  require(x.numel() > 0 && w.numel() > 0, "linear: x {} or w {} is empty", x.shape(), w);
  if (!bias.defined()) return;
  const DType wanted = accumulator_of(x.dtype());
  require(bias.shape() == Shape{w[0]} && bias.dtype() == wanted && bias.device() == x.device(),
          "linear: the bias is {} {} on {}; with {} x on {} and {} outputs it must be {} [{}] there", bias.dtype(), bias.shape(),
          bias.device(), x.dtype(), x.device(), w[0], wanted, w[0]);
}

void check(const Tensor& x, const Tensor& w, const Tensor& bias) {
  require(is_floating(x.dtype()) && x.dtype() == w.dtype(), "linear: x is {} but w is {}; cast() {}", x.dtype(), w.dtype(),
          x.dtype() == w.dtype() ? "both to a floating type" : "one to the other");
  require(x.device() == w.device(), "linear: x is on {} but w on {}; move one with to()", x.device(), w.device());
  check_shapes(x, w.shape(), bias);
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias) {
  check(x, w, bias);
  const int64_t rows = x.size(0), in = x.size(1), out = w.size(0);
  const Tensor y = Tensor::empty({rows, out}, x.dtype(), x.device());
  gemm(x.device(), {.dtype = x.dtype(), .m = rows, .n = out, .k = in, .transpose_b = true}, x.raw(), w.raw(), y.raw(),
       bias.defined() ? bias.raw() : nullptr);

  const bool wants_x = x.tracks_grad(), wants_w = w.tracks_grad(), wants_bias = bias.defined() && bias.tracks_grad();
  return record(
      "linear", y, {x, w, bias},
      [rows, in, out, wants_bias, x = wants_w ? x.detach() : Tensor(), w = wants_x ? w.detach() : Tensor()](const Tensor& dy) {
        std::vector<Tensor> gradients(3);
        if (w.defined()) {  // dx = dy w
          gradients[0] = Tensor::empty({rows, in}, dy.dtype(), dy.device());
          gemm(dy.device(), {.dtype = dy.dtype(), .m = rows, .n = in, .k = out}, dy.raw(), w.raw(), gradients[0].raw());
        }
        if (x.defined()) {  // dw = dyᵀ x
          gradients[1] = Tensor::empty({out, in}, dy.dtype(), dy.device());
          gemm(dy.device(), {.dtype = dy.dtype(), .m = out, .n = in, .k = rows, .transpose_a = true}, dy.raw(), x.raw(),
               gradients[1].raw());
        }
        if (wants_bias) gradients[2] = sum_rows(dy);
        return gradients;
      });
}

Tensor linear_packed(const Tensor& x, const PackedConv& w, const Tensor& bias) {
  const int64_t out = w.w()[0], in = w.w()[3];
  check_shapes(x, {out, in}, bias);
  require(x.device().is_cpu() && x.dtype() == w.dtype(),
          "linear_packed: x is {} on {}, but the weights are packed for {} on a CPU; use linear()", x.dtype(), x.device(),
          w.dtype());
  const Tensor y = Tensor::empty({x.size(0), out}, x.dtype());
  w.forward(conv_of_linear(x.dtype(), x.size(0), in, out), x.raw(), y.raw(), {.bias = bias.defined() ? bias.raw() : nullptr});
  return y;
}

}  // namespace cudenza
