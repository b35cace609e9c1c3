/// The equations of mixup.h as loops.
#include <vector>

#include "kernels/mixup/mixup_instances.h"
#include "kernels/mixup/mixup_math.h"

namespace cudenza::kernels {
namespace {

/// y[n,i] = x[p,i] + lambda[n] (x[n,i] - x[p,i]), p = partner[n].
template <class T, class A>
void mix(const T* x, T* y, int64_t samples, int64_t sample_size, const int64_t* partner, const A* lambda) {
  for (int64_t n = 0; n < samples; ++n) {
    for (int64_t i = 0; i < sample_size; ++i) {
      const A own = static_cast<A>(x[n * sample_size + i]), other = static_cast<A>(x[partner[n] * sample_size + i]);
      y[n * sample_size + i] = static_cast<T>(other + lambda[n] * (own - other));
    }
  }
}

}  // namespace

template <class T>
void mixup(Reference, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream& stream,
           const MixupTargets<acc_t<T>>& targets) {
  for (int64_t n = 0; n < samples; ++n) {
    int64_t rank = 0;
    for (int64_t m = 0; m < samples; ++m) rank += order_key(stream, m) < order_key(stream, n);
    targets.partner[rank] = n;
    targets.lambda[n] = lambda_of(BetaRule(alpha), stream, n);
  }
  mix(x, y, samples, sample_size, targets.partner, targets.lambda);
}

template <class T> void mix_pairs(Reference, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda) {
  std::vector<int64_t> partner(static_cast<size_t>(samples));
  for (int64_t n = 0; n < samples; ++n) partner[static_cast<size_t>(n)] = samples + n;
  mix(x, y, samples, sample_size, partner.data(), lambda);
}

CUDENZA_MIXUP(Reference, float)
CUDENZA_MIXUP(Reference, bf16)
CUDENZA_MIXUP(Reference, f16)
CUDENZA_MIXUP(Reference, double)

}  // namespace cudenza::kernels
