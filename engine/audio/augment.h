/// Clips altered at random before the spectrogram, spectrograms masked after it. Training hears every clip anew in every epoch;
/// test-time augmentation hears several variants of it.
///
///   const ResidentClips clips(pcm);                        // once: all clips on the device, as they were decoded
///   Tensor wave = augment(clips, rows, spec, key);         // [B, length], straight from the resident samples
///   auto mel = log_mel.unclamped(wave);
///   spec_augment(mel, clips, rows, masks, key);            // in place
///   Tensor plain = take_clips(clips, rows);                // the same without chance
///   Tensor many = tta_variants(clips, rows, spec, seed, 8);
///
/// All draws are functions of (seed, epoch or variant, clip id): the same on both devices, whatever stands beside a clip in its
/// batch. Nothing here waits for the device, so a captured step may hold it; it reads rows and epoch where they lie.
#pragma once
#include "engine/audio/mel.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// What may happen to a clip, in this order. Probabilities lie in [0, 1].
struct AugmentSpec {
  double shift_p = 0.5, shift_max = 0;  ///< turned by up to this part of the clip either way; its end comes round
  int64_t crop = 0;                     ///< samples kept, from a random place on; longer than a clip: silence around it; 0: all
  double noise_p = 0.5, noise_max = 0.05;    ///< x += U(0, noise_max)·std(x)·N(0, 1), std(x) of the whole clip
  double gain_p = 0.5, gain_db = 0;          ///< scaled by U(-gain_db, gain_db) decibels
  double cutout_p = 0.5, cutout_max = 0.15;  ///< one contiguous piece of up to this part is set to zero

  bool operator==(const AugmentSpec&) const = default;
  /// Throws UsageError naming the field, its value and what it may be.
  void check() const;
};

/// Clips of one length on one device, and what augmentation must know of each. Cheap to copy: tensors share storage.
class ResidentClips {
 public:
  /// pcm is [R, samples], i16 (full scale 32768) or f32. `ids`, i64 [R] on the same device, name the clips in the draws; none: a
  /// clip is named by its row. They count modulo 2^32. Measures each clip's standard deviation, once. Throws UsageError.
  explicit ResidentClips(const Tensor& pcm, const Tensor& ids = {});
  /// The same clips under other names.
  ResidentClips named(const Tensor& ids) const;

  const Tensor& pcm() const { return pcm_; }
  const Tensor& wave() const { return wave_; }  ///< f32 [R, 2]: the maps to mean 0 and deviation 1
  const Tensor& ids() const { return ids_; }    ///< undefined: the row numbers
  int64_t rows() const { return pcm_.size(0); }
  int64_t samples() const { return pcm_.size(1); }
  Device device() const { return pcm_.device(); }
  /// Length of what `spec` makes of a clip.
  int64_t length(const AugmentSpec& spec) const { return spec.crop > 0 ? spec.crop : samples(); }

 private:
  void name(const Tensor& ids);

  Tensor pcm_, wave_, ids_;
};

/// Names an epoch's draws.
struct AugmentKey {
  uint64_t seed = 0;
  Tensor epoch = {};  ///< u32 [1] on the clips' device, read when the work runs; undefined: epoch 0
};

/// Clip rows[b] of the resident set, altered: f32 [B, length], full scale 1. `rows` is i64 [B] on the clips' device; undefined:
/// every row in order. A row outside the set throws UsageError on the CPU and gives NaNs on a GPU.
Tensor augment(const ResidentClips& clips, const Tensor& rows, const AugmentSpec& spec, const AugmentKey& key);

/// The same clips unaltered: f32 [B, crop], the middle of each clip (all of it for crop = 0).
Tensor take_clips(const ResidentClips& clips, const Tensor& rows, int64_t crop = 0);

/// Variants first … first + n - 1 of each clip in one pass over the samples: f32 [n·B, length], variant after variant. Keyed by
/// (seed, variant, clip id).
Tensor tta_variants(const ResidentClips& clips, const Tensor& rows, const AugmentSpec& spec, uint64_t seed, int n, int first = 0);

/// SpecAugment: a block of neighbouring frames and a block of neighbouring bands, 1 to this many wide; 0: none.
/// (Park et al., SpecAugment, Interspeech 2019)
struct SpecMasks {
  int frames = 10, bands = 10;

  bool operator==(const SpecMasks&) const = default;
};

/// Masks the spectrograms of clip rows[b], mel [B, bands, frames], f32, in place: each block is filled with the mean of what it
/// covers, both measured before anything is filled (and after mel.floor, where there is one); where they cross, the frames' mean
/// stands. A clip's mean so stays nearly where it was. Masks are no larger than the spectrogram.
void spec_augment(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
                  const AugmentKey& key);

/// The same for what tta_variants() made: mel is [n·B, bands, frames].
void spec_augment_variants(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
                           uint64_t seed, int n, int first = 0);

}  // namespace cudenza
