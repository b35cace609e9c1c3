/// SpecAugment (Park et al., Interspeech 2019): a block of neighbouring frames and a block of neighbouring bands of each
/// spectrogram are filled with the mean of what they cover.
///
///   x[v,b,·,f] <- mean over the bands and the frames of the first block,   f in that block
///   x[v,b,m,·] <- mean over the frames and the bands of the second block,  m in that block, where no frame is masked
///
/// Both means are of max(x, floor) before anything is filled. Sizes are uniform in 1 … most, places uniform among those that
/// fit; the draws are those of (seed, round, clip) (kernels/augment/clip_draws.h).
#pragma once
#include "kernels/augment/clip_draws.h"
#include "kernels/common/backend.h"

namespace cudenza::kernels {

/// Of one spectrogram: its extent, and the largest sizes of the blocks (0: none), at most the extent.
struct MaskRule {
  int32_t bands = 0, frames = 0;
  int32_t bands_most = 0, frames_most = 0;
};

/// x is [rounds.count, batch, bands, frames]; floor [rounds.count · batch] or null. A row outside the set is left as it is.
void spec_augment(Reference, const MaskRule&, const ClipRows&, const ClipRounds&, const float* floor, float* x, int64_t batch);
void spec_augment(Cpu, const MaskRule&, const ClipRows&, const ClipRounds&, const float* floor, float* x, int64_t batch);
void spec_augment(Gpu, const MaskRule&, const ClipRows&, const ClipRounds&, const float* floor, float* x, int64_t batch);

}  // namespace cudenza::kernels
