#include "engine/nn/init.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/common/parallel.h"

namespace cudenza::init {
namespace {

using Four = std::array<double, 4>;

/// Fills t, on any device, with of(block of random words), four values per block.
template <class Of> void fill(const Tensor& t, Generator& random, Of of) {
  const OpStream stream = random.next(Device::cpu());
  const bool in_place = t.device().is_cpu() && t.dtype() == DType::f32;
  const Tensor values = in_place ? t.detach() : Tensor::empty(t.shape(), DType::f32);
  const int64_t count = t.numel();
  kernels::parallel_ranges((count + 3) / 4, 64, [&, out = values.data<float>()](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const Four four = of(kernels::random4(stream, static_cast<uint64_t>(block)));
      for (int64_t k = 0; k < std::min<int64_t>(4, count - 4 * block); ++k) out[4 * block + k] = static_cast<float>(four[k]);
    }
  });
  if (!in_place) t.copy_from(values.to(t.dtype()));
}

}  // namespace

int64_t fan_in(const Tensor& weight) { return weight.numel() / weight.size(0); }
int64_t fan_out(const Tensor& weight) { return weight.numel() / weight.size(-1); }

void constant(const Tensor& t, double value) { t.copy_from(Tensor::full(t.shape(), value, t.dtype())); }

void uniform(const Tensor& t, double low, double high, Generator& random) {
  fill(t, random, [=](const kernels::Random4& block) {
    Four values;
    for (size_t k = 0; k < 4; ++k) values[k] = low + (high - low) * kernels::uniform_of(block.word[k]);
    return values;
  });
}

void normal(const Tensor& t, double mean, double standard_deviation, Generator& random) {
  // Box and Muller: two uniform numbers make two normal ones. 1 - u lies in (0, 1], so its logarithm is finite.
  fill(t, random, [=](const kernels::Random4& block) {
    Four values;
    for (size_t k = 0; k < 4; k += 2) {
      const double radius = standard_deviation * std::sqrt(-2 * std::log(1.0 - kernels::uniform_of(block.word[k])));
      const double angle = 2 * M_PI * kernels::uniform_of(block.word[k + 1]);
      values[k] = mean + radius * std::cos(angle);
      values[k + 1] = mean + radius * std::sin(angle);
    }
    return values;
  });
}

void kaiming_normal(const Tensor& weight, int64_t fan, Generator& random) {
  normal(weight, 0, std::sqrt(2.0 / static_cast<double>(fan)), random);
}

void pytorch_default(const Tensor& weight, const Tensor& bias, Generator& random) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in(weight)));
  uniform(weight, -bound, bound, random);
  if (bias.defined()) uniform(bias, -bound, bound, random);
}

}  // namespace cudenza::init
