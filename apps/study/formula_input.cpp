#include "apps/study/formula_input.h"

#include <numeric>

#include "engine/core/error.h"
#include "kernels/common/parallel_each.h"

namespace cudenza {
namespace {

// Numbers of a row's pictures: the plain one, those of the epochs, those for test-time augmentation.
constexpr uint32_t kPlain = 0, kFirstEpoch = 1, kFirstVariant = 0x80000000u;

std::vector<int64_t> numbers_to(int64_t end) {
  std::vector<int64_t> numbers(static_cast<size_t>(end));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

}  // namespace

FormulaInput::FormulaInput(const FormulaPictures& pictures, Device device, DType dtype)
    : pictures_(pictures), device_(device), dtype_(dtype) {}

/// u8 [rows, side, side, 3] on the CPU.
Tensor FormulaInput::drawn(std::span<const int64_t> rows, uint32_t draw) const {
  const int64_t side = pictures_.spec().side, size = 3 * side * side;
  Tensor made = Tensor::empty({std::ssize(rows), side, side, 3}, DType::u8);
  const std::span<uint8_t> bytes(made.data<uint8_t>(), static_cast<size_t>(made.numel()));
  kernels::parallel_each(std::ssize(rows), [&](int64_t i) {
    pictures_.draw(rows[static_cast<size_t>(i)], draw, bytes.subspan(static_cast<size_t>(i * size), static_cast<size_t>(size)));
  });
  return made;
}

PictureInput FormulaInput::normalised(const Tensor& pictures) const {
  return {pictures, pictures_.spec().side, Normalize::imagenet, {}, dtype_, 0};
}

Tensor FormulaInput::network_input(const Tensor& pictures) const {
  return normalised(pictures).plain(numbers_to(pictures.size(0)));
}

void FormulaInput::prepare(std::span<const int64_t> rows, uint32_t epoch) {
  const Tensor made = drawn(rows, kFirstEpoch + epoch);
  if (!batch_.defined() || batch_.shape() != made.shape()) {
    batch_ = Tensor::empty(made.shape(), DType::u8, device_);
    numbers_ = Tensor::from(numbers_to(made.size(0)), {made.size(0)}).to(device_);
    training_ = std::make_unique<PictureInput>(normalised(batch_));
  }
  batch_.copy_from(made);
}

Tensor FormulaInput::training(const Batch& batch) {
  require(training_ && batch_.size(0) == batch.rows.numel(), "FormulaInput: prepare() was not called for this batch");
  return training_->training({numbers_, batch.epoch});
}

Tensor FormulaInput::plain(std::span<const int64_t> rows) { return network_input(drawn(rows, kPlain).to(device_)); }

Tensor FormulaInput::variants(std::span<const int64_t> rows, int n) {
  const int64_t side = pictures_.spec().side;
  const Shape pass{std::ssize(rows), side, side, 3};
  const Tensor all = Tensor::empty({n * pass[0], side, side, 3}, DType::u8);
  for (int k = 0; k < n; ++k) all.slice(k * pass.numel(), pass).copy_from(drawn(rows, kFirstVariant + static_cast<uint32_t>(k)));
  return network_input(all.to(device_));
}

}  // namespace cudenza
