#include "engine/core/shape.h"

#include <fmt/ranges.h>

namespace cudenza {

Shape::Shape(std::span<const int64_t> extents) {
  require(extents.size() <= kMaxRank, "a shape has at most {} extents, but got {}", kMaxRank, extents.size());
  for (const int64_t extent : extents) {
    require(extent >= 0, "a shape's extents are not negative, but got {}", extent);
    extents_[rank_++] = extent;
  }
}

int64_t Shape::operator[](int axis) const {
  const int from_front = axis < 0 ? axis + rank_ : axis;
  require(from_front >= 0 && from_front < rank_, "axis {} does not exist in {}", axis, *this);
  return extents_[from_front];
}

int64_t Shape::numel() const {
  int64_t product = 1;
  for (const int64_t extent : *this) product *= extent;
  return product;
}

int64_t Shape::rows() const {
  int64_t product = 1;
  for (int axis = 0; axis + 1 < rank_; ++axis) product *= extents_[axis];
  return product;
}

std::string Shape::text() const { return fmt::format("[{}]", fmt::join(begin(), end(), ",")); }

}  // namespace cudenza
