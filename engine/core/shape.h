/// The extents of a dense array, outermost first. Pictures are [N,H,W,C], filters [K,R,S,C].
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "engine/core/error.h"

namespace cudenza {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;  ///< a scalar: rank 0, one element
  Shape(std::initializer_list<int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const int64_t> extents);

  int rank() const { return rank_; }
  /// Extent of an axis; negative axes count from the end. Throws UsageError if the axis does not exist.
  int64_t operator[](int axis) const;
  int64_t numel() const;
  /// Product of all extents but the last: the rows when the array is seen as a [rows, channels] matrix. 1 for a scalar.
  int64_t rows() const;
  /// The last extent; 1 for a scalar.
  int64_t channels() const { return rank_ == 0 ? 1 : extents_[rank_ - 1]; }

  const int64_t* begin() const { return extents_.data(); }
  const int64_t* end() const { return extents_.data() + rank_; }
  bool operator==(const Shape&) const = default;
  std::string text() const;  ///< "[64,224,224,3]"

 private:
  std::array<int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

}  // namespace cudenza

template <> struct fmt::formatter<cudenza::Shape> : fmt::formatter<std::string> {
  auto format(const cudenza::Shape& s, format_context& out) const { return formatter<std::string>::format(s.text(), out); }
};
