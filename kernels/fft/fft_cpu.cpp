#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/fft/fft.h"
#include "kernels/fft/fft_block.h"
#include "kernels/fft/fft_lanes.h"

namespace cudenza::kernels {

template <class T> void rfft_forward(Cpu, const RealFft<T>& fft, const T* x, Complex<T>* y, int64_t batch) {
  constexpr int kLanes = Lanes<T>::kCount;
  const int n = fft.n, bins = n / 2 + 1;
  parallel_ranges(
      batch, 20 * n,
      [&](int64_t begin, int64_t end) {
        std::vector<Complex<Lanes<T>>> z(n / 2);
        for (int64_t b = begin; b < end; b += kLanes) {
          const int used = static_cast<int>(smaller<int64_t>(kLanes, end - b));
          T* samples = reinterpret_cast<T*>(z.data());  // [n, kLanes]: a pair of samples is a complex number
          for (int i = 0; i < n; ++i) {
            for (int lane = 0; lane < kLanes; ++lane)
              samples[i * kLanes + lane] = lane < used ? T(0.5) * x[(b + lane) * n + i] : T(0);
          }
          fft_lanes(fft.plan, fft.twiddles, z.data());
          split_real_lanes(n, fft.split_twiddles, fft.order, z.data(), [&](int k, const Complex<Lanes<T>>& value) {
            for (int lane = 0; lane < used; ++lane) y[(b + lane) * bins + k] = {value.re[lane], value.im[lane]};
          });
        }
      },
      kLanes);
}

bool fits_block(const FftPlan& plan) { return 2 * block_fft_bytes(plan.n) <= kLargestBlockBytes; }

template void rfft_forward(Cpu, const RealFft<float>&, const float*, Complex<float>*, int64_t);
template void rfft_forward(Cpu, const RealFft<double>&, const double*, Complex<double>*, int64_t);

}  // namespace cudenza::kernels
