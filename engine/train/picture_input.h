/// Spectrogram pictures kept on the device as bytes.
#pragma once
#include "engine/train/input.h"
#include "engine/train/input_spec.h"
#include "kernels/pixels/pixels.h"

namespace cudenza {

/// Augmentations of pictures of this size in training: circular shift in time (shift), a masked block of time (cutout) and
/// one of frequency (specaugment). Noise and gain apply to sound only.
kernels::PixelChances pixel_chances(const Recipe&, const PictureSpec&);

class PictureInput : public Input {
 public:
  /// `pictures` is u8 [rows, H, W, C] on the computing device. The network sees crops of `columns` columns: at another
  /// position in every epoch of training, side by side in evaluation. Values become (x / 255 - mean) / std with ImageNet's
  /// numbers for Normalize::imagenet, x / 255 for none. Throws UsageError for other normalisations, which need spectrograms.
  PictureInput(const Tensor& pictures, int columns, Normalize, const kernels::PixelChances&, DType dtype, uint64_t seed);

  int64_t rows() const override { return pictures_.size(0); }
  int views() const override { return views_; }
  Device device() const override { return pictures_.device(); }
  Tensor training(const Batch&) override;
  Tensor plain(std::span<const int64_t> rows) override;
  Tensor variants(std::span<const int64_t> rows, int n) override;

 private:
  void run(const Tensor& rows, const Tensor& epoch, const kernels::PixelBatch&, const Tensor& y) const;
  Tensor room_for(int64_t count) const;

  Tensor pictures_;
  kernels::PixelBatch plain_;     ///< for evaluation; batch is set for each call
  kernels::PixelBatch training_;  ///< for training: with chances, and a crop anywhere
  int views_;
  DType dtype_;
  Tensor content_;  ///< content_ids() of the rows, for variants(); made when first needed
};

}  // namespace cudenza
