#include "kernels/augment/augment_math.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPacksEach = 8;  // of one thread, over which the block's plans pay

using Samples = Pack<float, kClipPack>;

/// A variant's plan as the block's threads use it.
struct alignas(16) VariantPlan {
  int32_t start, cut_begin, cut_end;
  Alteration by;
  uint32_t round, clip;
  uint32_t unused = 0;  // written, since it is copied along
};

// Samples 4 p … 4 p + 3 of a clip, silence beyond its end.
template <bool kPacked, class X> __device__ inline Samples samples_of(const X* clip, int32_t p, int32_t samples) {
  const int32_t first = p * kClipPack;
  Samples x{};
  if constexpr (kPacked) {
    if (first >= samples) return x;
    const auto stored = load_pack<kClipPack>(clip + first);
    for (int k = 0; k < kClipPack; ++k) x[k] = static_cast<float>(stored[k]);
  } else {
    for (int k = 0; k < kClipPack; ++k) x[k] = first + k < samples ? static_cast<float>(clip[first + k]) : 0.0f;
  }
  return x;
}

// Pack q of a result from the pack of samples that falls there.
__device__ inline Samples altered_pack(const Samples& x, const ClipRounds& rounds, const VariantPlan& plan, int32_t q) {
  Samples y{};
  if (plan.by.noise > 0) {  // one answer for the whole block
    const ClipKey key{rounds.seed, rounds.rounds, plan.round, plan.clip};
    const Random4 random = clip_words(key, Purpose::noise, static_cast<uint32_t>(q));
    for (int k = 0; k < kClipPack; k += 2) {
      const NormalPair pair = normal_pair(random.word[k], random.word[k + 1]);
      y[k] = pair.first, y[k + 1] = pair.second;
    }
  }
  for (int k = 0; k < kClipPack; ++k) y[k] = altered(x[k], y[k], plan.by);
  const int32_t first = q * kClipPack;
  if (first + kClipPack > plan.cut_begin && first < plan.cut_end) {
    for (int k = 0; k < kClipPack; ++k) y[k] = first + k >= plan.cut_begin && first + k < plan.cut_end ? 0.0f : y[k];
  }
  return y;
}

template <bool kPacked> __device__ inline void store_samples(float* row, int32_t q, int32_t length, const Samples& y) {
  const int32_t first = q * kClipPack;
  if constexpr (kPacked) {
#if defined(__CUDA_ARCH__)
    // store_pack(), which the compiler takes apart into four stores where it turns the loop over variants into pointer steps.
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(row + first), "f"(y[0]), "f"(y[1]), "f"(y[2]), "f"(y[3])
                 : "memory");
#else
    store_pack(row + first, y);
#endif
  } else {
    for (int k = 0; k < kClipPack && first + k < length; ++k) row[first + k] = y[k];
  }
}

// y[v,b,i] as in augment.h. A block stays in one clip and knows its plans; one thread: kPacksEach packs of four samples, read
// once and written to where they fall in each variant. One variant is walked from its own start, so that nothing is read that it
// does not keep; several walk the whole circle.
template <bool kPacked, class X>
__global__ void augment_kernel(ClipSet<X> set, ClipRows rows, AugmentRule rule, ClipRounds rounds, float* y, int64_t batch,
                               int64_t blocks_each) {
  auto* const plans = dynamic_shared<VariantPlan>();
  const int64_t b = blockIdx.x / blocks_each, row = rows.row(b);
  const bool has_row = rows.has(row);
  for (int v = static_cast<int>(threadIdx.x); v < rounds.count; v += kThreads) {
    const ClipKey key = rounds.key(v, has_row ? rows.id(row) : 0);
    const ClipPlan plan = plan_of(rule, key);
    if (has_row)
      plans[v] = {plan.start, plan.cut_begin, plan.cut_end, alteration_of<X>(plan, set.wave[row]), key.round, key.clip};
    else plans[v] = {0, 0, 0, {NAN, 0.0f}, 0, 0};
  }
  __syncthreads();
  const int32_t circle = rule.circle(), packs = rule.packs(), origin = rounds.count == 1 ? plans[0].start : 0;
  const int32_t end = rounds.count == 1 ? packs : circle;
  const X* const clip = set.pcm + (has_row ? row : 0) * rule.samples;
  for (int step = 0; step < kPacksEach; ++step) {
    const int64_t t = ((blockIdx.x % blocks_each) * kPacksEach + step) * kThreads + threadIdx.x;
    if (t >= end) return;
    const int32_t p = on_circle(origin + static_cast<int32_t>(t), circle);
    const Samples x = has_row ? samples_of<kPacked>(clip, p, rule.samples) : Samples{};
    float* result = y + b * rule.length;
    for (int v = 0; v < rounds.count; ++v, result += batch * rule.length) {
      const VariantPlan plan = plans[v];
      const int32_t q = on_circle(p - plan.start, circle);
      if (q < packs) store_samples<kPacked>(result, q, rule.length, altered_pack(x, rounds, plan, q));
    }
  }
}

}  // namespace

template <class X>
void augment(Gpu gpu, const ClipSet<X>& set, const ClipRows& rows, const AugmentRule& rule, const ClipRounds& rounds, float* y,
             int64_t batch) {
  if (batch * rounds.count == 0) return;
  const bool packed =
      rule.samples % kClipPack == 0 && rule.length % kClipPack == 0 && is_pack_aligned(set.pcm) && is_pack_aligned(y);
  const int64_t blocks_each = ceil_div<int64_t>(rounds.count == 1 ? rule.packs() : rule.circle(), kThreads * kPacksEach);
  const dim3 grid(static_cast<unsigned>(batch * blocks_each)), block(kThreads);
  const size_t bytes = sizeof(VariantPlan) * static_cast<size_t>(rounds.count);
  if (packed) launch<augment_kernel<true, X>>(grid, block, bytes, gpu, set, rows, rule, rounds, y, batch, blocks_each);
  else launch<augment_kernel<false, X>>(grid, block, bytes, gpu, set, rows, rule, rounds, y, batch, blocks_each);
}

template void augment(Gpu, const ClipSet<float>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float*, int64_t);
template void augment(Gpu, const ClipSet<int16_t>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float*, int64_t);

}  // namespace cudenza::kernels
