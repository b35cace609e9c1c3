#include <vector>

#include "kernels/augment/augment_math.h"
#include "kernels/common/philox_words.h"
#include "kernels/simd/stream_row.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kPiece = 2048;  // samples of a result that are made together, in the first-level cache

/// One variant of one clip. `clip` is null for a row outside the set.
template <class X> struct Variant {
  const X* clip;
  ClipPlan plan;
  Alteration by;
  ClipKey key;
};

constexpr int kStretch = 256;  // normal numbers that are made together

/// normals[2 k] and normals[2 k + 1] are normal_pair(words[2 k], words[2 k + 1]). In steps, each a loop that does not wait for
/// itself: the logarithm and the root of one pair after the other take a third more time.
void normals_of(const uint32_t* words, float* normals) {
  constexpr int kPairs = kStretch / 2;
  alignas(64) uint32_t radius_words[kPairs], angle_words[kPairs];
  alignas(64) float radius[kPairs];
#pragma omp simd
  for (int k = 0; k < kPairs; ++k) radius_words[k] = words[2 * k], angle_words[k] = words[2 * k + 1];
  for (int k = 0; k < kPairs; ++k) radius[k] = radius_squared_of(radius_words[k]);
  for (int k = 0; k < kPairs; ++k) radius[k] = near_sqrt(radius[k]);
#pragma omp simd
  for (int k = 0; k < kPairs; ++k) {
    const NormalPair direction = direction_of(angle_words[k]);
    normals[2 * k] = radius[k] * direction.first, normals[2 * k + 1] = radius[k] * direction.second;
  }
}

/// normals[i] = N(0,1) of sample first + i, for `count` rounded up to whole stretches. REQUIRES first % kClipPack == 0.
void fill_normals(const ClipKey& key, int64_t first, int64_t count, float* normals) {
  alignas(64) uint32_t words[kStretch];
  const uint64_t stream = static_cast<uint64_t>(key.clip) << 32;
  for (int64_t i = 0; i < count; i += kStretch) {
    philox_words(key.seed, op_of(key.rounds, Purpose::noise), key.round, stream + static_cast<uint64_t>((first + i) / kClipPack),
                 kStretch / kClipPack, words);
    normals_of(words, normals + i);
  }
}

/// y[i] = sample begin + i of the variant, for i < count; normals[i] is that sample's noise, or null.
template <class X>
void alter(const Variant<X>& variant, const AugmentRule& rule, int64_t begin, int64_t count, const float* normals, float* y) {
  const int64_t circle = int64_t{rule.circle()} * kClipPack;
  const Alteration by = variant.by;
  for (int64_t i = 0; i < count;) {  // stretches that lie in one piece of the circle: the clip, the silence behind it
    const int64_t at = (int64_t{variant.plan.start} * kClipPack + begin + i) % circle;
    const int64_t length = smaller((at < rule.samples ? rule.samples : circle) - at, count - i);
    const bool is_silence = at >= rule.samples;
    const X* const x = variant.clip + (is_silence ? 0 : at);
    float* const out = y + i;
    if (is_silence) {
      for (int64_t k = 0; k < length; ++k) out[k] = altered(0, normals ? normals[i + k] : 0, by);
    } else if (normals) {
#pragma omp simd
      for (int64_t k = 0; k < length; ++k) out[k] = altered(static_cast<float>(x[k]), normals[i + k], by);
    } else {
#pragma omp simd
      for (int64_t k = 0; k < length; ++k) out[k] = static_cast<float>(x[k]) * by.scale;
    }
    i += length;
  }
  const int64_t cut_end = smaller<int64_t>(variant.plan.cut_end - begin, count);
  for (int64_t k = larger<int64_t>(variant.plan.cut_begin - begin, 0); k < cut_end; ++k) y[k] = 0;
}

/// Samples begin … end - 1 of the variant's result.
template <class X> void make_piece(const Variant<X>& variant, const AugmentRule& rule, int64_t begin, int64_t end, float* y) {
  if (!variant.clip) {
    for (int64_t i = 0; i < end - begin; ++i) y[i] = NAN;
  } else if (variant.by.noise > 0) {
    alignas(64) float normals[kPiece + 512];
    const int64_t first = begin / kClipPack * kClipPack;
    fill_normals(variant.key, first, end - first, normals);
    alter(variant, rule, begin, end - begin, normals + (begin - first), y);
  } else {
    alter(variant, rule, begin, end - begin, nullptr, y);
  }
}

template <class X>
Variant<X> variant_of(const ClipSet<X>& set, const ClipRows& rows, const AugmentRule& rule, const ClipRounds& rounds, int v,
                      int64_t b) {
  const int64_t row = rows.row(b);
  if (!rows.has(row)) return {nullptr, {}, {}, {}};
  const ClipKey key = rounds.key(v, rows.id(row));
  const ClipPlan plan = plan_of(rule, key);
  return {set.pcm + row * rule.samples, plan, alteration_of<X>(plan, set.wave[row]), key};
}

}  // namespace

template <class X>
void augment(Cpu, const ClipSet<X>& set, const ClipRows& rows, const AugmentRule& rule, const ClipRounds& rounds, float* y,
             int64_t batch) {
  const int64_t length = rule.length, pieces = length / kPiece + 2;  // a row's first may be short: it ends on a border
  const bool streams = batch * rounds.count * length * static_cast<int64_t>(sizeof(float)) >= kStreamBytes;
  parallel_ranges(batch * pieces, kPiece * rounds.count * 8, [=](int64_t first, int64_t last) {
    RowPiece<float, kPiece> out(streams);
    std::vector<Variant<X>> variants(static_cast<size_t>(rounds.count));
    for (int64_t piece = first; piece < last; ++piece) {
      const int64_t b = piece / pieces, at = piece % pieces * kPiece;
      for (int v = 0; v < rounds.count; ++v) {  // all variants of a piece while its samples are in the cache
        Variant<X>& variant = variants[static_cast<size_t>(v)];
        if (piece == first || at == 0) variant = variant_of(set, rows, rule, rounds, v, b);
        float* const row = y + (v * batch + b) * length;
        const int64_t past = past_border(row), begin = larger<int64_t>(at - past, 0), end = smaller(at - past + kPiece, length);
        if (begin >= end) continue;
        make_piece(variant, rule, begin, end, out.place(row + begin));
        out.send(row + begin, end - begin);
      }
    }
    out.fence();
  });
}

template void augment(Cpu, const ClipSet<float>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float*, int64_t);
template void augment(Cpu, const ClipSet<int16_t>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float*, int64_t);

}  // namespace cudenza::kernels
