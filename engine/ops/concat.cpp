#include "engine/ops/concat.h"

#include <algorithm>
#include <array>

#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/reference_kernels.h"
#include "kernels/layout/layout.h"

namespace cudenza {
namespace {

/// Copies rows of `bytes` between arrays whose rows are longer.
void copy_rows(Device device, char* to, size_t to_pitch, const char* from, size_t from_pitch, size_t bytes, int64_t rows) {
  if (bytes == 0 || rows == 0) return;
  if (device.is_cuda()) return gpu::copy_rows(to, to_pitch, from, from_pitch, bytes, rows, device.index());
  const auto copy = [&](auto where) {
    kernels::copy_rows(where, to, static_cast<int64_t>(to_pitch), from, static_cast<int64_t>(from_pitch),
                       static_cast<int64_t>(bytes), rows);
  };
  if (ReferenceKernels::active()) copy(kernels::Reference{});
  else copy(kernels::Cpu{});
}

size_t row_bytes(const Tensor& t) { return static_cast<size_t>(t.shape().channels()) * size_of(t.dtype()); }

/// Columns [first, first + like.channels()) of dy, shaped like `shape`.
Tensor columns(const Tensor& dy, const Shape& shape, size_t first_byte) {
  const Tensor part = Tensor::empty(shape, dy.dtype(), dy.device());
  copy_rows(dy.device(), static_cast<char*>(part.raw()), row_bytes(part), static_cast<const char*>(dy.raw()) + first_byte,
            row_bytes(dy), row_bytes(part), shape.rows());
  return part;
}

}  // namespace

Tensor concat_channels(const Tensor& a, const Tensor& b) {
  const bool fits = a.shape().rank() >= 1 && a.shape().rank() == b.shape().rank() &&
                    std::equal(a.shape().begin(), a.shape().end() - 1, b.shape().begin());
  require(fits && a.dtype() == b.dtype() && a.device() == b.device(),
          "concat_channels: all extents but the last, type and device must agree, but got {} {} on {} and {} {} on {}", a.dtype(),
          a.shape(), a.device(), b.dtype(), b.shape(), b.device());
  std::array<int64_t, Shape::kMaxRank> extents{};
  std::copy(a.shape().begin(), a.shape().end(), extents.begin());
  extents[a.shape().rank() - 1] += b.size(-1);
  const Tensor y = Tensor::empty(Shape(std::span<const int64_t>(extents.data(), a.shape().rank())), a.dtype(), a.device());
  const size_t left = row_bytes(a), right = row_bytes(b);
  char* const out = static_cast<char*>(y.raw());
  copy_rows(a.device(), out, left + right, static_cast<const char*>(a.raw()), left, left, a.shape().rows());
  copy_rows(a.device(), out + left, left + right, static_cast<const char*>(b.raw()), right, right, a.shape().rows());
  return record(
      "concat_channels", y, {a, b},
      [left, a_shape = a.shape(), b_shape = b.shape(), wants_a = a.tracks_grad(), wants_b = b.tracks_grad()](const Tensor& dy) {
        return std::vector{wants_a ? columns(dy, a_shape, 0) : Tensor(), wants_b ? columns(dy, b_shape, left) : Tensor()};
      });
}

}  // namespace cudenza
