#include "engine/train/picture_input.h"

#include <algorithm>

#include "engine/core/dispatch.h"
#include "engine/train/content_ids.h"

namespace cudenza {
namespace {

constexpr float kImageNetMean[] = {0.485f, 0.456f, 0.406f}, kImageNetStd[] = {0.229f, 0.224f, 0.225f};

}  // namespace

kernels::PixelChances pixel_chances(const Recipe& recipe, const PictureSpec& picture) {
  constexpr double kCutout = 0.15;  // as for sound
  constexpr int kBands = 10;        // of 128, as in SpecAugment
  kernels::PixelChances chances;
  chances.turn = static_cast<int>(recipe.shift * picture.width);
  if (recipe.cutout) chances.columns = static_cast<int>(kCutout * picture.width);
  if (recipe.specaugment) chances.rows = std::max(1, picture.height * kBands / 128);
  return chances;
}

PictureInput::PictureInput(const Tensor& pictures, int columns, Normalize normalize, const kernels::PixelChances& chances,
                           DType dtype, uint64_t seed)
    : pictures_(pictures), dtype_(dtype) {
  require(pictures.dtype() == DType::u8 && pictures.shape().rank() == 4 && pictures.size(3) <= 4,
          "PictureInput: needs u8 pictures [N,H,W,C] with C at most 4, but got {} {}", pictures.dtype(), pictures.shape());
  require(normalize == Normalize::none || normalize == Normalize::imagenet,
          "`normalize` {} is for sounds: pictures have lost their decibels; use imagenet or none", name_of(normalize));
  const auto width = static_cast<int>(pictures.size(2));
  require(columns > 0 && columns <= width, "PictureInput: {} columns cannot be seen of pictures {}", columns, pictures.shape());
  views_ = (width + columns - 1) / columns;
  plain_ = {.resident = pictures.size(0),
            .batch = 0,
            .height = static_cast<int>(pictures.size(1)),
            .width = width,
            .channels = static_cast<int>(pictures.size(3)),
            .crop = {.columns = columns, .views = views_},
            .scale = {},
            .shift = {},
            .chances = {},
            .seed = seed};
  for (int c = 0; c < plain_.channels; ++c) {
    const bool scales = normalize == Normalize::imagenet && plain_.channels == 3;
    const float mean = scales ? kImageNetMean[c] : 0, std = scales ? kImageNetStd[c] : 1;
    plain_.scale[c] = 1 / (255 * std);
    plain_.shift[c] = -mean / std;
  }
  training_ = plain_;
  training_.chances = chances;
  training_.crop.views = 0;
}

Tensor PictureInput::room_for(int64_t count) const {
  return Tensor::empty({count, plain_.height, plain_.crop.columns, plain_.channels}, dtype_, device());
}

/// y = pictures of these rows; undefined `epoch`: epoch 0.
void PictureInput::run(const Tensor& rows, const Tensor& epoch, const kernels::PixelBatch& as, const Tensor& y) const {
  kernels::PixelBatch batch = as;
  batch.batch = y.size(0);
  const auto* epoch_number = epoch.defined() ? epoch.data<uint32_t>() : nullptr;
  on_device(device(), [&](auto where) {
    dispatch_floating("pictures", dtype_, [&]<class T>() {
      if constexpr (std::is_same_v<T, double>) throw UsageError("pictures are made in f32, bf16 or f16");
      else kernels::pixels(where, batch, pictures_.data<uint8_t>(), rows.data<int64_t>(), epoch_number, y.data<T>());
    });
  });
}

Tensor PictureInput::training(const Batch& batch) {
  const Tensor y = room_for(batch.rows.numel());
  run(batch.rows, batch.epoch, training_, y);
  return y;
}

Tensor PictureInput::plain(std::span<const int64_t> rows) {
  const auto count = static_cast<int64_t>(rows.size());
  const Tensor y = room_for(count * views_);
  run(Tensor::from(rows, {count}).to(device()), {}, plain_, y);
  return y;
}

Tensor PictureInput::variants(std::span<const int64_t> rows, int n) {
  constexpr uint32_t kFirst = 0x80000000u;  // larger than any epoch of training
  const auto count = static_cast<int64_t>(rows.size());
  const Tensor y = room_for(n * count), index = Tensor::from(rows, {count}).to(device());
  const Shape pass{count, y.size(1), y.size(2), y.size(3)};
  if (!content_.defined()) content_ = content_ids(pictures_);
  kernels::PixelBatch variant = training_;
  variant.ids = content_.data<int64_t>();
  for (int k = 0; k < n; ++k) {
    const Tensor number = Tensor::from(std::vector{kFirst + static_cast<uint32_t>(k)}, {1}).to(device());
    run(index, number, variant, y.slice(k * pass.numel(), pass));
  }
  return y;
}

}  // namespace cudenza
