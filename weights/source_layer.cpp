#include "weights/source_layer.h"

#include <algorithm>

namespace cudenza {
namespace {

class Zeros : public NumberStore {
 public:
  void read(uint64_t, std::span<std::byte> out) const override { std::ranges::fill(out, std::byte{0}); }
};

}  // namespace

TensorRecord zeros_record(int64_t count) {
  return {.name = "zeros", .sizes = {count}, .strides = {1}, .store = std::make_shared<const Zeros>()};
}

TensorRecord permuted(TensorRecord record, const std::vector<int64_t>& order) {
  const std::vector<int64_t> sizes = record.sizes, strides = record.strides;
  for (size_t axis = 0; axis < order.size(); ++axis) {
    record.sizes[axis] = sizes[static_cast<size_t>(order[axis])];
    record.strides[axis] = strides[static_cast<size_t>(order[axis])];
  }
  return record;
}

TensorRecord with_channels_first(TensorRecord dense, int64_t channels) {
  const int64_t rows = dense.sizes[0], columns = dense.sizes[1], row_stride = dense.strides[0], stride = dense.strides[1];
  dense.sizes = {rows, channels, columns / channels};
  dense.strides = {row_stride, stride, stride * channels};
  dense.joined = {rows, columns};
  return dense;
}

}  // namespace cudenza
