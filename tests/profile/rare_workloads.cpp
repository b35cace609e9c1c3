#include <fmt/format.h>

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/ops/pool.h"
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/fft/fft.h"
#include "tests/profile/workloads.h"

namespace cudenza::testing {
namespace {

const Device kDevice = Device::cuda();

double bytes(const Tensor& t) { return static_cast<double>(t.bytes()); }
Tensor channels_of(int64_t channels, double value) { return Tensor::full({channels}, value, DType::f32, kDevice); }

template <class T> Tensor complex_tensor(const std::vector<kernels::Complex<T>>& values) {
  const Tensor on_host = Tensor::empty({std::ssize(values), 2}, DType::f32);
  std::copy(values.begin(), values.end(), reinterpret_cast<kernels::Complex<T>*>(on_host.raw()));
  return on_host.to(kDevice);
}

Prepared real_fft(int n, int64_t batch) {
  const auto plan = kernels::make_fft_plan(n / 2, kernels::FftRadix::gpu);
  const Tensor twiddles = complex_tensor(kernels::fft_twiddles<float>(plan)),
               split = complex_tensor(kernels::split_twiddles<float>(n));
  const Tensor x = Tensor::full({batch, n}, 0.5, DType::f32, kDevice),
               y = Tensor::empty({batch, n / 2 + 1, 2}, DType::f32, kDevice);
  return {{.read = bytes(x) + bytes(twiddles) + bytes(split), .written = bytes(y)}, [=] {
            using Numbers = kernels::Complex<float>;
            const kernels::RealFft<float> fft{.n = n,
                                              .plan = plan,
                                              .twiddles = static_cast<const Numbers*>(twiddles.raw()),
                                              .split_twiddles = static_cast<const Numbers*>(split.raw())};
            kernels::rfft_forward(kernels::Gpu{}, fft, x.data<float>(), static_cast<Numbers*>(y.raw()), batch);
          }};
}

/// From sums that a convolution has left.
Prepared finalize() {
  constexpr int64_t kChannels = 2048;
  const Tensor sum = channels_of(kChannels, 100), squares = channels_of(kChannels, 300), mean = channels_of(kChannels, 0),
               inv_std = channels_of(kChannels, 0);
  return {{.read = 2 * bytes(sum), .written = 2 * bytes(mean)}, [=] {
            kernels::batch_norm_finalize(kernels::Gpu{}, sum.data<float>(), squares.data<float>(),
                                         {.rows = 98, .channels = kChannels}, 1e-5, mean.data<float>(), inv_std.data<float>(),
                                         kernels::RunningStatistics<float>{});
          }};
}

template <class T> Prepared fold(DType dtype) {
  constexpr int64_t kOut = 64, kFanIn = 9 * 64;
  const Tensor w = Tensor::full({kOut, kFanIn}, 0.5, dtype, kDevice), folded = Tensor::empty({kOut, kFanIn}, dtype, kDevice);
  const Tensor one = channels_of(kOut, 1), bias = channels_of(kOut, 0);
  return {{.read = bytes(w), .written = bytes(folded)}, [=] {
            kernels::batch_norm_fold<T>(kernels::Gpu{}, w.data<T>(), kOut, kFanIn,
                                        {one.data<float>(), one.data<float>(), one.data<float>(), one.data<float>()},
                                        folded.data<T>(), bias.data<float>());
          }};
}

/// One picture, cut in slices that another kernel joins.
Prepared sliced_pool(DType dtype) {
  const Tensor x = Tensor::full({1, 128, 128, 64}, 0.5, dtype, kDevice);
  return {{.read = bytes(x), .written = 0}, [=] {
            const NoGrad none;
            adaptive_max_pool2d(x, 1, 1);
          }};
}

}  // namespace

void add_rare_workloads(std::vector<Workload>& all) {
  all.push_back({"fft/n_1024/forward/f32", [] { return real_fft(1024, 32); }});
  all.push_back({"fft/n_2048/forward/f32", [] { return real_fft(2048, 32); }});
  all.push_back({"batch_norm_finalize/2048_channels/forward/f32", finalize});
  const auto add = [&]<class T>(T, DType dtype) {
    all.push_back({fmt::format("batch_norm_fold/k3_64_channels/forward/{}", dtype), [=] { return fold<T>(dtype); }});
    all.push_back({fmt::format("adaptive_max_pool2d/one_picture/forward/{}", dtype), [=] { return sliced_pool(dtype); }});
  };
  add(float{}, DType::f32);
  add(bf16{}, DType::bf16);
}

}  // namespace cudenza::testing
