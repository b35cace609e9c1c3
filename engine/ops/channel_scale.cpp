#include "engine/ops/channel_scale.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "kernels/channel_scale/channel_scale.h"

namespace cudenza {
namespace {

kernels::RowsShape checked_rows(const Tensor& x, const Tensor& s) {
  require(x.shape().rank() == 4, "channel_scale: x is {}, but must be pictures [N,H,W,C]", x.shape());
  const int64_t n = x.size(0), channels = x.size(3);
  const Shape flat{n, channels}, pictures{n, 1, 1, channels};
  require((s.shape() == flat || s.shape() == pictures) && s.dtype() == x.dtype() && s.device() == x.device(),
          "channel_scale: x {} {} on {} needs factors s {} or {} of the same type and device, but got {} {} on {}", x.dtype(),
          x.shape(), x.device(), flat, pictures, s.dtype(), s.shape(), s.device());
  return {n, x.size(1) * x.size(2), channels};
}

/// dx and ds, each undefined if what it needs (s for dx, x for ds) is undefined.
std::vector<Tensor> channel_scale_backward(const Tensor& dy, const Tensor& x, const Tensor& s, const Shape& s_shape,
                                           const kernels::RowsShape& rows) {
  const Tensor dx = s.defined() ? Tensor::empty(dy.shape(), dy.dtype(), dy.device()) : Tensor();
  const Tensor ds = x.defined() ? Tensor::empty(s_shape, dy.dtype(), dy.device()) : Tensor();
  dispatch_kernel("channel_scale", dy.device(), dy.dtype(), [&]<class T>(auto where) {
    const auto data = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
    const int64_t bytes = static_cast<int64_t>(kernels::channel_scale_workspace_bytes(where, rows));
    const Tensor workspace = Tensor::empty({bytes}, DType::u8, dy.device());
    kernels::channel_scale_backward(where, dy.data<T>(), data(x), data(s), data(dx), data(ds), rows, workspace.raw());
  });
  return {dx, ds};
}

}  // namespace

Tensor channel_scale(const Tensor& x, const Tensor& s) {
  const kernels::RowsShape rows = checked_rows(x, s);
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  dispatch_kernel("channel_scale", x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::channel_scale_forward(where, x.data<T>(), s.data<T>(), y.data<T>(), rows);
  });
  const bool wants_x = x.tracks_grad(), wants_s = s.tracks_grad();
  const Tensor kept_x = wants_s ? x.detach() : Tensor(), kept_s = wants_x ? s.detach() : Tensor();
  return record("channel_scale", y, {x, s}, [kept_x, kept_s, s_shape = s.shape(), rows](const Tensor& dy) {
    return channel_scale_backward(dy, kept_x, kept_s, s_shape, rows);
  });
}

}  // namespace cudenza
