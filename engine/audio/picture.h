/// Spectrograms to network input: normalised, resized, repeated over channels.
#pragma once
#include <memory>

#include "engine/audio/mel.h"
#include "engine/audio/normalize.h"

namespace cudenza {

struct PictureSpec {
  int height = 224, width = 224;
  int channels = 3;           ///< 1 to 4, equal (except `imagenet`: three, each scaled by itself)
  bool antialias = true;      ///< when shrinking, as Pillow's BILINEAR; false: two neighbours, as PyTorch's bilinear
  bool low_at_bottom = true;  ///< low frequencies in the last row, as usually drawn
  DType dtype = DType::f32;   ///< f32, bf16 or f16 (an f64 spectrogram gives an f64 picture)

  bool operator==(const PictureSpec&) const = default;
};

class Picture {
 public:
  /// `statistics` are required for `global` and `bin`, and copied. Throws UsageError if they are missing or a value is invalid.
  Picture(const PictureSpec&, Normalize, const MelStatistics* statistics = nullptr, Device = Device::cpu());
  ~Picture();

  const PictureSpec& spec() const { return spec_; }
  Normalize normalize() const { return normalize_; }

  /// [B, height, width, channels] from mel_db [B, n_mels, frames] on this device.
  Tensor operator()(const Tensor& mel_db) const { return (*this)(LogMel::Unclamped{mel_db, {}}); }
  /// The same from a spectrogram before top_db.
  Tensor operator()(const LogMel::Unclamped&) const;

 private:
  struct Tables;
  const Tables& tables(int bands, int frames, DType) const;
  Tables make_tables(int bands, int frames, DType) const;
  template <class T, class U, class Where> void run(Where, const LogMel::Unclamped&, const Tables&, const Tensor& y) const;

  PictureSpec spec_;
  Normalize normalize_;
  MelStatistics statistics_;
  Device device_;
  struct Cache;
  std::unique_ptr<Cache> cache_;  // tables by spectrogram size
};

/// picture(log_mel(pcm)) with one pass less over the spectrogram.
Tensor mel_picture(const LogMel&, const Picture&, const Tensor& pcm);

}  // namespace cudenza
