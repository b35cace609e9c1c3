#include "kernels/common/reduce.cuh"
#include "kernels/spec_augment/spec_augment_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

// Calls f(position) for this thread's part of a block of bands × frames: neighbours take neighbouring frames.
template <class F> __device__ inline void over_block(MaskRun bands, MaskRun frames, int32_t stride, F f) {
  for (int32_t i = static_cast<int32_t>(threadIdx.x); i < bands.size * frames.size; i += kThreads)
    f((bands.begin + i / frames.size) * stride + frames.begin + i % frames.size);
}

__device__ inline float mean_over(const float* x, MaskRun bands, MaskRun frames, int32_t stride, float floor) {
  float sum = 0;
  over_block(bands, frames, stride, [&](int32_t at) { sum += larger(x[at], floor); });
  return block_sum(sum) / (static_cast<float>(bands.size) * static_cast<float>(frames.size));
}

// Both masks of spectrogram v·batch + b as in spec_augment.h. One block a spectrogram; it reads and writes what it masks and
// nothing else.
__global__ void spec_augment_kernel(MaskRule rule, ClipRows rows, ClipRounds rounds, const float* floor, float* x,
                                    int64_t batch) {
  const int64_t i = blockIdx.x, row = rows.row(i % batch);
  if (!rows.has(row)) return;
  const Masks masks = masks_of(rule, rounds.key(static_cast<int>(i / batch), rows.id(row)));
  const MaskRun all_bands{0, rule.bands}, all_frames{0, rule.frames};
  float* const clip = x + i * rule.bands * rule.frames;
  const float least = floor ? floor[i] : -INFINITY;
  const float bands_mean = mean_over(clip, masks.bands, all_frames, rule.frames, least),
              frames_mean = mean_over(clip, all_bands, masks.frames, rule.frames, least);  // its barriers end all reading
  over_block(all_bands, masks.frames, rule.frames, [&](int32_t at) { clip[at] = frames_mean; });
  over_block(masks.bands, all_frames, rule.frames, [&](int32_t at) {
    if (!masks.frames.has(at % rule.frames)) clip[at] = bands_mean;
  });
}

}  // namespace

void spec_augment(Gpu gpu, const MaskRule& rule, const ClipRows& rows, const ClipRounds& rounds, const float* floor, float* x,
                  int64_t batch) {
  if (rounds.count * batch == 0 || (rule.bands_most == 0 && rule.frames_most == 0)) return;
  launch<spec_augment_kernel>(dim3(static_cast<unsigned>(rounds.count * batch)), dim3(kThreads), 0, gpu, rule, rows, rounds,
                              floor, x, batch);
}

}  // namespace cudenza::kernels
