/// Clips altered at random, straight from the samples that lie on the device, in one pass.
///
///   y[v,b,i] = gain · (x[(start + i) mod circle] + level·std(x)·N(0,1)[i]),  and 0 for i in the piece that is cut out
///
/// x is clip rows[b] of the set pcm [set, samples]; the start (crop and shift), gain, level and the piece are the plan of that
/// clip in round v (augment_math.h), drawn by ClipKey. A clip lies on a circle of whole packs of four samples, silence beyond its
/// end. Starts are whole packs (a tenth of a millisecond): then a pack that is read is a pack that is written in every
/// variant, each has one Philox block for its noise, and n variants cost one reading.
#pragma once
#include "kernels/augment/clip_draws.h"
#include "kernels/common/backend.h"
#include "kernels/common/extents.h"
#include "kernels/normalize/normalize.h"

namespace cudenza::kernels {

constexpr int kClipPack = 4;  ///< samples that move together, and share a block of random words

/// What may happen to a clip of `samples`, of which `length` are kept. Chances are in parts of 2^24.
struct AugmentRule {
  int32_t samples = 0, length = 0;
  int32_t crop_first = 0, crop_places = 1;  ///< packs: where the part that is kept may begin
  uint32_t shift_chance = 0;
  int32_t shift_most = 0;  ///< packs, either way
  uint32_t noise_chance = 0;
  float noise_most = 0;  ///< in standard deviations of the clip
  uint32_t gain_chance = 0;
  float gain_most = 0;  ///< the logarithm of the largest factor
  uint32_t cutout_chance = 0;
  int32_t cutout_most = 0;  ///< samples

  HOST_DEVICE int32_t circle() const { return ceil_div(larger(samples, length), kClipPack); }  ///< packs
  HOST_DEVICE int32_t packs() const { return ceil_div(length, kClipPack); }  ///< of a result; the last may be short
};

/// The set that batches are made from. X is int16_t (full scale 32768) or float.
template <class X> struct ClipSet {
  const X* pcm;               ///< [set, samples]
  const Affine<float>* wave;  ///< [set], as standardise_wave() makes them (kernels/mel): scale is 1 / std of the clip as stored
};

/// y is [rounds.count, batch, length]. A row outside the set gives NaNs. REQUIRES samples and length < 2^31 - 2^13.
template <class X>
void augment(Reference, const ClipSet<X>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float* y, int64_t batch);
template <class X>
void augment(Cpu, const ClipSet<X>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float* y, int64_t batch);
template <class X>
void augment(Gpu, const ClipSet<X>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float* y, int64_t batch);

}  // namespace cudenza::kernels
