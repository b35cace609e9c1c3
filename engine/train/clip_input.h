/// Sound kept on the device as PCM (engine/audio/pcm.h); spectrograms are computed anew for every batch.
#pragma once
#include "engine/audio/augment.h"
#include "engine/core/ranks.h"
#include "engine/train/input.h"
#include "engine/train/input_spec.h"

namespace cudenza {

/// Augmentations of sound in training. Lengths in samples.
struct ClipChances {
  AugmentSpec wave;
  SpecMasks masks;  ///< {0, 0}: none
};
ClipChances clip_chances(const Recipe&, const InputSpec&);

class ClipInput : public Input {
 public:
  /// `pcm` is i16 or f32 [rows, samples] on the computing device; pictures are made in `dtype`. `seed` keys the augmentation.
  ClipInput(const Tensor& pcm, const InputSpec&, const ClipChances&, DType dtype, uint64_t seed);

  int64_t rows() const override { return clips_.rows(); }
  Device device() const override { return clips_.device(); }
  Tensor training(const Batch&) override;
  Tensor plain(std::span<const int64_t> rows) override;
  int views() const override { return views_; }
  Tensor variants(std::span<const int64_t> rows, int n) override;

 private:
  Tensor windows(std::span<const int64_t> rows) const;

  ResidentClips clips_;
  ClipChances chances_;
  uint64_t seed_;
  int64_t crop_;
  int views_;
  LogMel log_mel_;
  Picture picture_;
  Tensor content_;  ///< content_ids() of the rows, for variants(); made when first needed
};

/// Mean and variance of the rows' spectrograms, for InputSpec::statistics. Ranks share the rows out, to
/// the same bits; null: a process alone.
MelStatistics measure(const Tensor& pcm, const MelSpec&, std::span<const int64_t> rows, Ranks* ranks = nullptr);

}  // namespace cudenza
