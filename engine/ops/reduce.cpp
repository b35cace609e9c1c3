#include "engine/ops/reduce.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "kernels/reduce/reduce.h"

namespace cudenza {
namespace {

Tensor workspace_of(size_t bytes, Device device) { return Tensor::empty({static_cast<int64_t>(bytes)}, DType::u8, device); }

// The gradient of a sum over rows: dy, [batch, channels] in x's dtype or its accumulator, repeated over the rows of x.
Tensor repeated(std::string_view name, const Tensor& dy, const Shape& shape, DType dtype, const kernels::RowsShape& rows,
                double scale) {
  const Tensor dx = Tensor::empty(shape, dtype, dy.device());
  dispatch_kernel(name, dx.device(), dtype, [&]<class T>(auto where) {
    if (dy.dtype() == dtype) kernels::broadcast_rows(where, dy.data<T>(), dx.data<T>(), rows, scale);
    else kernels::broadcast_rows(where, dy.data<acc_t<T>>(), dx.data<T>(), rows, scale);
  });
  return dx;
}

Tensor scaled_sum(std::string_view name, const Tensor& x, double factor) {
  const Tensor y = Tensor::empty({}, accumulator_of(x.dtype()), x.device());
  dispatch_kernel(name, x.device(), x.dtype(), [&]<class T>(auto where) {
    const Tensor workspace = workspace_of(kernels::sum_all_workspace_bytes(where, x.numel()), x.device());
    kernels::sum_all(where, x.data<T>(), y.data<acc_t<T>>(), x.numel(), factor, workspace.raw());
  });
  return record(name, y, {x}, [name, shape = x.shape(), dtype = x.dtype(), factor](const Tensor& dy) {
    return std::vector{repeated(name, dy, shape, dtype, {.rows = shape.numel(), .channels = 1}, factor)};
  });
}

Shape without_last_axis(std::string_view name, const Tensor& x) {
  require(x.shape().rank() >= 1 && x.shape().channels() > 0, "{}: x is {}, but needs a last axis with at least one element", name,
          x.shape());
  return Shape(std::span(x.shape().begin(), x.shape().end() - 1));
}

}  // namespace

Tensor sum(const Tensor& x) { return scaled_sum("sum", x, 1); }

Tensor mean(const Tensor& x) {
  require(x.numel() > 0, "mean: x {} has no elements", x.shape());
  return scaled_sum("mean", x, 1.0 / static_cast<double>(x.numel()));
}

Tensor spatial_mean(const Tensor& x) {
  require(x.shape().rank() == 4 && x.size(1) * x.size(2) > 0,
          "spatial_mean: x is {}, but must be pictures [N,H,W,C] with at least one position", x.shape());
  const kernels::RowsShape rows{x.size(0), x.size(1) * x.size(2), x.size(3)};
  const double share = 1.0 / static_cast<double>(rows.rows);
  const Tensor y = Tensor::empty({rows.batch, rows.channels}, x.dtype(), x.device());
  dispatch_kernel("spatial_mean", x.device(), x.dtype(), [&]<class T>(auto where) {
    const Tensor workspace = workspace_of(kernels::sum_rows_workspace_bytes(where, rows), x.device());
    kernels::sum_rows(where, x.data<T>(), y.data<T>(), rows, share, workspace.raw());
  });
  return record("spatial_mean", y, {x}, [shape = x.shape(), dtype = x.dtype(), rows, share](const Tensor& dy) {
    return std::vector{repeated("spatial_mean", dy, shape, dtype, rows, share)};
  });
}

Tensor argmax(const Tensor& x) {
  const Tensor y = Tensor::empty(without_last_axis("argmax", x), DType::i64, x.device());
  dispatch_kernel("argmax", x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::row_argmax(where, x.data<T>(), y.data<int64_t>(), x.shape().rows(), x.shape().channels());
  });
  return y;
}

Tensor row_max(const Tensor& x) {
  const Tensor y = Tensor::empty(without_last_axis("row_max", x), x.dtype(), x.device());
  dispatch_kernel("row_max", x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::row_max(where, x.data<T>(), y.data<T>(), x.shape().rows(), x.shape().channels());
  });
  return y;
}

Tensor sum_rows(const Tensor& x) {
  const kernels::RowsShape rows{.rows = x.shape().rows(), .channels = x.shape().channels()};
  const Tensor y = Tensor::empty({rows.channels}, accumulator_of(x.dtype()), x.device());
  dispatch_kernel("sum_rows", x.device(), x.dtype(), [&]<class T>(auto where) {
    const Tensor workspace = workspace_of(kernels::sum_rows_workspace_bytes(where, rows), x.device());
    kernels::sum_rows(where, x.data<T>(), y.data<acc_t<T>>(), rows, 1, workspace.raw());
  });
  return y;
}

Tensor sum_rows_of_products(const Tensor& a, const Tensor& b) {
  require(a.shape() == b.shape() && a.dtype() == b.dtype() && a.device() == b.device(),
          "sum_rows_of_products: both arguments need one shape, type and device, but got {} {} on {} and {} {} on {}", a.dtype(),
          a.shape(), a.device(), b.dtype(), b.shape(), b.device());
  const kernels::RowsShape rows{.rows = a.shape().rows(), .channels = a.shape().channels()};
  const Tensor y = Tensor::empty({rows.channels}, accumulator_of(a.dtype()), a.device());
  dispatch_kernel("sum_rows_of_products", a.device(), a.dtype(), [&]<class T>(auto where) {
    const Tensor workspace = workspace_of(kernels::sum_rows_workspace_bytes(where, rows), a.device());
    kernels::sum_rows_of_products(where, a.data<T>(), b.data<T>(), y.data<acc_t<T>>(), rows, 1, workspace.raw());
  });
  return y;
}

Tensor sum_squares(const Tensor& x) {
  const Tensor y = Tensor::empty({}, accumulator_of(x.dtype()), x.device());
  dispatch_kernel("sum_squares", x.device(), x.dtype(), [&]<class T>(auto where) {
    const Tensor workspace = workspace_of(kernels::sum_all_workspace_bytes(where, x.numel()), x.device());
    kernels::sum_squares(where, x.data<T>(), y.data<acc_t<T>>(), x.numel(), workspace.raw());
  });
  return y;
}

}  // namespace cudenza
