#include "engine/ops/dropout.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "kernels/dropout/dropout.h"

namespace cudenza {
namespace {

void check_probability(std::string_view op, double p) {
  require(p >= 0 && p < 1,
          "{}: the probability of a zero is {} but must be at least 0 and below 1; use scale(x, 0) to drop everything", op, p);
}

Tensor paths_dropped(const Tensor& x, double p, const OpStream& stream) {
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const int64_t samples = x.size(0);
  dispatch_kernel("drop_path", x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::drop_path(where, x.data<T>(), y.data<T>(), samples, samples == 0 ? 0 : x.numel() / samples, p, stream,
                       stream.first_sample);
  });
  return y;
}

/// The number of x's first element in the whole batch.
int64_t first_element(const Tensor& x, const OpStream& stream) {
  return stream.first_sample == 0 || x.numel() == 0 ? 0 : stream.first_sample * (x.numel() / x.size(0));
}

/// Random numbers come in blocks of 8. Where the first element lies within one, some are put before it, and taken away again.
Tensor dropped_from_within_block(const Tensor& x, double p, const OpStream& stream) {
  const int64_t first = first_element(x, stream), before = first % 8, count = x.numel();
  const auto padded = [=](const Tensor& t) {
    const Tensor all = Tensor::zeros({before + count}, t.dtype(), t.device());
    all.slice(before, t.shape()).copy_from(t);
    return all;
  };
  const Tensor all = padded(x.detach()), mask = Tensor::empty({kernels::dropout_mask_bytes(all.numel())}, DType::u8, x.device());
  dispatch_kernel("dropout", x.device(), x.dtype(), [&]<class T>(auto where) {
    T* const data = all.data<T>();
    kernels::dropout_forward(where, data, data, mask.data<uint8_t>(), all.numel(), p, stream, first - before);
  });
  return record("dropout", all.slice(before, x.shape()).clone(), {x}, [=](const Tensor& dy) {
    const Tensor dx = padded(dy);
    dispatch_kernel("dropout", dy.device(), dy.dtype(), [&]<class T>(auto where) {
      kernels::dropout_backward(where, dx.data<T>(), mask.data<uint8_t>(), dx.data<T>(), dx.numel(), p);
    });
    return std::vector{dx.slice(before, dy.shape()).clone()};
  });
}

}  // namespace

Tensor dropout(const Tensor& x, double p, Generator& random) {
  check_probability("dropout", p);
  if (p == 0) return x;
  const OpStream stream = random.next(x.device());
  const int64_t first = first_element(x, stream);
  if (first % 8 != 0) return dropped_from_within_block(x, p, stream);
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Tensor mask = x.tracks_grad() ? Tensor::empty({kernels::dropout_mask_bytes(x.numel())}, DType::u8, x.device()) : Tensor();
  dispatch_kernel("dropout", x.device(), x.dtype(), [&]<class T>(auto where) {
    uint8_t* const bits = mask.defined() ? mask.data<uint8_t>() : nullptr;
    kernels::dropout_forward(where, x.data<T>(), y.data<T>(), bits, x.numel(), p, stream, first);
  });
  return record("dropout", y, {x}, [p, mask](const Tensor& dy) {
    const Tensor dx = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
    dispatch_kernel("dropout", dy.device(), dy.dtype(), [&]<class T>(auto where) {
      kernels::dropout_backward(where, dy.data<T>(), mask.data<uint8_t>(), dx.data<T>(), dy.numel(), p);
    });
    return std::vector{dx};
  });
}

Tensor drop_path(const Tensor& x, double p, Generator& random) {
  check_probability("drop_path", p);
  require(x.shape().rank() >= 1, "drop_path: x needs an axis of samples but is a scalar; use dropout()");
  if (p == 0) return x;
  const OpStream stream = random.next(x.device());
  return record("drop_path", paths_dropped(x, p, stream), {x},
                [p, stream](const Tensor& dy) { return std::vector{paths_dropped(dy, p, stream)}; });
}

}  // namespace cudenza
