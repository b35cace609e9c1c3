/// Where the masks of one spectrogram lie: shared by the CPU loop and the kernel.
#pragma once
#include "kernels/common/extents.h"
#include "kernels/spec_augment/spec_augment.h"

namespace cudenza::kernels {

/// begin … begin + size - 1.
struct MaskRun {
  int32_t begin, size;

  HOST_DEVICE bool has(int32_t i) const { return i >= begin && i < begin + size; }
};

struct Masks {
  MaskRun frames, bands;
};

HOST_DEVICE MaskRun mask_run(uint32_t size_word, uint32_t place_word, int32_t most, int32_t extent) {
  if (most <= 0) return {0, 0};
  const int32_t size = 1 + uniform_below(size_word, most);
  return {uniform_below(place_word, extent - size + 1), size};
}

HOST_DEVICE Masks masks_of(const MaskRule& rule, const ClipKey& key) {
  const Random4 random = clip_words(key, Purpose::masks, 0);
  return {mask_run(random.word[0], random.word[1], rule.frames_most, rule.frames),
          mask_run(random.word[2], random.word[3], rule.bands_most, rule.bands)};
}

}  // namespace cudenza::kernels
