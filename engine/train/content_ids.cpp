#include "engine/train/content_ids.h"

#include "engine/core/content_hash.h"
#include "kernels/common/parallel.h"

namespace cudenza {

Tensor content_ids(const Tensor& rows) {
  const Tensor host = rows.to(Device::cpu());
  const auto* const bytes = static_cast<const std::byte*>(host.raw());
  const int64_t count = rows.size(0);
  const size_t size = static_cast<size_t>(rows.numel() / count) * size_of(rows.dtype());
  std::vector<int64_t> ids(static_cast<size_t>(count));
  kernels::parallel_ranges(count, static_cast<int64_t>(size), [&](int64_t begin, int64_t end) {
    for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row)
      ids[row] = static_cast<uint32_t>(hash_of({bytes + row * size, size}).low);
  });
  return Tensor::from(ids, {count}).to(rows.device());
}

}  // namespace cudenza
