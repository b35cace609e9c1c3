/// Pictures by formula as a network's input: made for each batch, on all threads, and kept nowhere.
#pragma once
#include <memory>

#include "engine/data/formula/formula_pictures.h"
#include "engine/train/picture_input.h"

namespace cudenza {

class FormulaInput : public Input {
 public:
  /// Rows are those of `pictures`, which must outlive it. The network sees [B, side, side, 3] in `dtype`, normalised as
  /// ImageNet's pictures are. Every epoch has another picture of each row.
  FormulaInput(const FormulaPictures& pictures, Device, DType dtype);

  int64_t rows() const override { return pictures_.rows(); }
  Device device() const override { return device_; }
  void prepare(std::span<const int64_t> rows, uint32_t epoch) override;
  /// Of the rows and the epoch that prepare() was called with.
  Tensor training(const Batch&) override;
  /// The same pictures every time.
  Tensor plain(std::span<const int64_t> rows) override;
  Tensor variants(std::span<const int64_t> rows, int n) override;

 private:
  Tensor drawn(std::span<const int64_t> rows, uint32_t draw) const;
  PictureInput normalised(const Tensor& pictures) const;
  Tensor network_input(const Tensor& pictures) const;

  const FormulaPictures& pictures_;
  Device device_;
  DType dtype_;
  // Of the batch of training, always at the same addresses for batches of one size: a captured step reads there.
  Tensor batch_, numbers_;  ///< u8 [B, side, side, 3] and i64 [B], 0 … B - 1
  std::unique_ptr<PictureInput> training_;
};

}  // namespace cudenza
