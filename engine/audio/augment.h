/// Data augmentation: random changes to clips before the spectrogram, masks on the spectrogram after it. Training draws new ones
/// for each clip in every epoch; test-time augmentation makes several variants of each clip.
///
///   const ResidentClips clips(pcm);                        // once: all clips on the device, as decoded
///   Tensor wave = augment(clips, rows, spec, key);         // [B, length], from the resident samples
///   auto mel = log_mel.unclamped(wave);
///   spec_augment(mel, clips, rows, masks, key);            // in place
///   Tensor plain = take_clips(clips, rows);                // the same without randomness
///   Tensor many = tta_variants(clips, rows, spec, seed, 8);
///
/// All draws are functions of (seed, epoch or variant, clip id): the same on CPU and GPU, whatever else is in the batch. Nothing
/// here waits for the device, so a CUDA graph can capture it; rows and epoch are read when it runs.
#pragma once
#include "engine/audio/mel.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// The changes to a clip, applied in this order. Probabilities lie in [0, 1].
struct AugmentSpec {
  double shift_p = 0.5, shift_max = 0;  ///< circular shift by up to this part of the clip, either way
  int64_t crop = 0;                     ///< samples kept, from a random position; longer than the clip: silence around it; 0: all
  double noise_p = 0.5, noise_max = 0.05;    ///< x += U(0, noise_max)·std(x)·N(0, 1), std(x) of the whole clip
  double gain_p = 0.5, gain_db = 0;          ///< gain of U(-gain_db, gain_db) decibels
  double cutout_p = 0.5, cutout_max = 0.15;  ///< one contiguous piece of up to this part is set to zero

  bool operator==(const AugmentSpec&) const = default;
  /// Throws UsageError naming the field, its value and the allowed values.
  void check() const;
};

/// Clips of equal length on one device, and the statistics that augmentation needs. Cheap to copy: tensors share storage.
class ResidentClips {
 public:
  /// pcm is [R, samples], i16 (full scale 32768) or f32. `ids`, i64 [R] on the same device, identify the clips in the draws,
  /// modulo 2^32; without them a clip's id is its row. Measures each clip's standard deviation once. Throws UsageError.
  explicit ResidentClips(const Tensor& pcm, const Tensor& ids = {});
  /// The same clips under other ids.
  ResidentClips named(const Tensor& ids) const;

  const Tensor& pcm() const { return pcm_; }
  const Tensor& wave() const { return wave_; }  ///< f32 [R, 2]: scale and offset that map each clip to mean 0 and deviation 1
  const Tensor& ids() const { return ids_; }    ///< undefined: the row numbers
  int64_t rows() const { return pcm_.size(0); }
  int64_t samples() const { return pcm_.size(1); }
  Device device() const { return pcm_.device(); }
  /// Samples of a clip after `spec`.
  int64_t length(const AugmentSpec& spec) const { return spec.crop > 0 ? spec.crop : samples(); }

 private:
  void name(const Tensor& ids);

  Tensor pcm_, wave_, ids_;
};

/// Selects the draws of an epoch.
struct AugmentKey {
  uint64_t seed = 0;
  Tensor epoch = {};  ///< u32 [1] on the clips' device, read when the kernel runs; undefined: epoch 0
};

/// Clips rows[b] of the resident set, augmented: f32 [B, length], full scale 1. `rows` is i64 [B] on the clips' device;
/// undefined: all rows in order. A row outside the set throws UsageError on the CPU and gives NaNs on a GPU.
Tensor augment(const ResidentClips& clips, const Tensor& rows, const AugmentSpec& spec, const AugmentKey& key);

/// The same clips without augmentation: f32 [B, crop], the middle of each clip (all of it for crop = 0).
Tensor take_clips(const ResidentClips& clips, const Tensor& rows, int64_t crop = 0);

/// Variants first … first + n - 1 of each clip in one pass over the samples: f32 [n·B, length], variant after variant. Draws
/// depend on (seed, variant, clip id).
Tensor tta_variants(const ResidentClips& clips, const Tensor& rows, const AugmentSpec& spec, uint64_t seed, int n, int first = 0);

/// SpecAugment: masks a block of neighbouring frames and a block of neighbouring bands, each 1 to this many wide; 0: none.
/// (Park et al., SpecAugment, Interspeech 2019)
struct SpecMasks {
  int frames = 10, bands = 10;

  bool operator==(const SpecMasks&) const = default;
};

/// Masks the spectrograms of clips rows[b], mel [B, bands, frames] f32, in place: each block is filled with its mean. Both means
/// are measured before anything is filled (and after mel.floor, if defined); where the blocks cross, the frames' mean is used. So
/// a clip's mean hardly changes. Masks are no larger than the spectrogram.
void spec_augment(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
                  const AugmentKey& key);

/// The same for the output of tta_variants(): mel is [n·B, bands, frames].
void spec_augment_variants(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
                           uint64_t seed, int n, int first = 0);

}  // namespace cudenza
