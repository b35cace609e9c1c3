/// Whether decoded sounds are the same to the bit, and of the same type.
#pragma once
#include <cstring>

#include "engine/audio/decode.h"

namespace cudenza {

inline bool same_pcm(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

inline bool operator==(const HeardSound& a, const HeardSound& b) { return a.remarks == b.remarks && same_pcm(a.pcm, b.pcm); }

}  // namespace cudenza
