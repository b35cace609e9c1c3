#include "engine/train/content_ids.h"

#include "engine/audio/pcm.h"
#include "engine/core/content_hash.h"
#include "kernels/common/parallel.h"

namespace cudenza {

namespace {

uint32_t id_of(const Tensor& row) {
  const auto hashed = [](const void* values, size_t bytes) {
    return static_cast<uint32_t>(hash_of({static_cast<const std::byte*>(values), bytes}).low);
  };
  if (row.dtype() == DType::f32) {  // the id of a sound that stands as floats only because others need them
    std::vector<int16_t> narrow(static_cast<size_t>(row.numel()));
    if (fits_16_bits(row.span<float>(), narrow.data())) return hashed(narrow.data(), 2 * narrow.size());
  }
  return hashed(row.raw(), row.bytes());
}

}  // namespace

Tensor content_ids(const Tensor& rows) {
  const Tensor host = rows.to(Device::cpu());
  const int64_t count = rows.size(0), size = rows.numel() / count;
  std::vector<int64_t> ids(static_cast<size_t>(count));
  kernels::parallel_ranges(count, size, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) ids[static_cast<size_t>(row)] = id_of(host.slice(row * size, {size}));
  });
  return Tensor::from(ids, {count}).to(rows.device());
}

}  // namespace cudenza
