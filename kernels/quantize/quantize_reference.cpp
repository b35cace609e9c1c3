#include <cmath>

#include "kernels/quantize/quantize.h"

namespace cudenza::kernels {

template <class T> void quantize(Reference, const T* x, uint8_t* bytes, int64_t count, ByteScale s) {
  for (int64_t i = 0; i < count; ++i) {
    const float v = std::fma(static_cast<float>(x[i]), 1 / s.scale, static_cast<float>(s.zero));
    const float most = v < 255 ? v : 255;
    bytes[i] = static_cast<uint8_t>(std::nearbyint(v > 0 ? most : 0));
  }
}

template void quantize(Reference, const float*, uint8_t*, int64_t, ByteScale);
template void quantize(Reference, const bf16*, uint8_t*, int64_t, ByteScale);

}  // namespace cudenza::kernels
