/// An input of one batch, for those who time a network or count what it asks for and want no result.
#pragma once
#include "engine/train/input.h"

namespace cudenza {

/// The same batch, whatever is asked for.
class MadeUpInput : public Input {
 public:
  explicit MadeUpInput(const Tensor& x) : x_(x) {}
  int64_t rows() const override { return x_.size(0); }
  Device device() const override { return x_.device(); }
  Tensor training(const Batch&) override { return x_; }
  Tensor plain(std::span<const int64_t> rows) override { return first(static_cast<int64_t>(rows.size())); }
  Tensor variants(std::span<const int64_t> rows, int n) override { return first(n * static_cast<int64_t>(rows.size())); }

 private:
  Tensor first(int64_t count) const { return x_.slice(0, {count, x_.size(1), x_.size(2), x_.size(3)}); }
  Tensor x_;
};

}  // namespace cudenza
