/// Spectrogram pictures kept on the device as bytes.
#pragma once
#include "engine/train/input.h"
#include "engine/train/input_spec.h"
#include "kernels/pixels/pixels.h"

namespace cudenza {

/// What training does to pictures of this size: turned in time (shift), a block of time (cutout) and one of pitch (specaugment)
/// masked. Noise and gain belong to sound.
kernels::PixelChances pixel_chances(const Recipe&, const PictureSpec&);

class PictureInput : public Input {
 public:
  /// `pictures` is u8 [rows, H, W, C] on the device that computes, of which the network sees `columns` at once: another place
  /// in every epoch, places side by side when it is judged. Values become (x / 255 - mean) / std with ImageNet's numbers
  /// for Normalize::imagenet, x / 255 for none. Throws UsageError for other normalisations, which spectrograms alone have.
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
  kernels::PixelBatch plain_;     ///< as judged; batch is set for each call
  kernels::PixelBatch training_;  ///< as trained: with chances, and a crop anywhere
  int views_;
  DType dtype_;
  Tensor content_;  ///< names the rows in the draws of variants(); made when first needed
};

}  // namespace cudenza
