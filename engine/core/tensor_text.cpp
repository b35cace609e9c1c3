#include "engine/core/tensor.h"

namespace cudenza {
namespace {

constexpr int64_t kEdge = 3;  // a longer dimension shows so many values at either end

/// Calls show(i) for each index shown and skip() for the gap.
template <class Show, class Skip> void for_shown(int64_t extent, Show show, Skip skip) {
  const bool is_long = extent > 2 * kEdge;
  for (int64_t i = 0; i < extent; ++i) {
    if (is_long && i == kEdge) {
      skip();
      i = extent - kEdge;
    }
    show(i);
  }
}

/// The values of the dimensions from `axis` on, starting at flat index `begin`.
std::string values_of(const Tensor& x, int axis, int64_t begin) {
  const int rank = x.shape().rank();
  if (axis == rank) return fmt::format("{:.4g}", x.slice(begin, {}).item());
  int64_t step = 1;
  for (int i = axis + 1; i < rank; ++i) step *= x.size(i);
  const std::string separator = axis + 1 == rank ? ", " : ",\n" + std::string(static_cast<size_t>(axis) + 1, ' ');
  std::string text = "[";
  const auto separate = [&] {
    if (text.size() > 1) text += separator;
  };
  for_shown(
      x.size(axis),
      [&](int64_t i) {
        separate();
        text += values_of(x, axis + 1, begin + i * step);
      },
      [&] {
        separate();
        text += "…";
      });
  return text + ']';
}

}  // namespace

std::string Tensor::text() const {
  if (!defined()) return "undefined";
  const std::string kind = fmt::format("{} {} on {}", dtype(), shape(), device());
  return numel() == 0 ? kind : fmt::format("{}\n{}", kind, values_of(*this, 0, 0));
}

}  // namespace cudenza
