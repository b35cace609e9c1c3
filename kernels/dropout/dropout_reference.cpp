/// The equations of dropout.h as loops: every element asks for its own random number.
#include "kernels/dropout/dropout_instances.h"
#include "kernels/dropout/dropout_math.h"

namespace cudenza::kernels {

template <class T>
void dropout_forward(Reference, const T* x, T* y, uint8_t* mask, int64_t count, double p, const RandomStream& stream,
                     int64_t first) {
  using A = acc_t<T>;
  const DropRule<A> rule(p);
#pragma omp parallel for
  for (int64_t byte = 0; byte < dropout_mask_bytes(count); ++byte) {
    uint8_t bits = 0;
    for (int64_t i = 8 * byte; i < smaller(8 * byte + 8, count); ++i) {
      const bool kept = rule.keeps(random_number(stream, first + i));
      y[i] = static_cast<T>(static_cast<A>(x[i]) * rule.factor(kept));
      if (kept) bits = static_cast<uint8_t>(bits | 1u << (i % 8));
    }
    if (mask) mask[byte] = bits;
  }
}

template <class T> void dropout_backward(Reference, const T* dy, const uint8_t* mask, T* dx, int64_t count, double p) {
  using A = acc_t<T>;
  const DropRule<A> rule(p);
#pragma omp parallel for
  for (int64_t i = 0; i < count; ++i) dx[i] = static_cast<T>(static_cast<A>(dy[i]) * rule.factor(mask[i / 8] >> (i % 8) & 1));
}

template <class T>
void drop_path(Reference, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream,
               int64_t first) {
  using A = acc_t<T>;
  const DropRule<A> rule(p);
  for (int64_t n = 0; n < samples; ++n) {
    const A factor = rule.factor(rule.keeps(random_number(stream, first + n)));
    for (int64_t i = n * sample_size; i < (n + 1) * sample_size; ++i) y[i] = static_cast<T>(static_cast<A>(x[i]) * factor);
  }
}

CUDENZA_DROPOUT(Reference, float)
CUDENZA_DROPOUT(Reference, bf16)
CUDENZA_DROPOUT(Reference, f16)
CUDENZA_DROPOUT(Reference, double)

}  // namespace cudenza::kernels
