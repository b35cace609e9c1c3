#include "engine/nn/init.h"

#include <cmath>

namespace cudenza::init {
namespace {

/// Fills t, wherever it lives, with of(block of random words, position in the block).
template <class Of> void fill(const Tensor& t, Generator& random, Of of) {
  const OpStream stream = random.next(Device::cpu());
  std::vector<double> values(static_cast<size_t>(t.numel()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = of(kernels::random4(stream, i / 4), i % 4);
  t.copy_from(Tensor::from(values, t.shape()).to(t.dtype()));
}

}  // namespace

int64_t fan_in(const Tensor& weight) { return weight.numel() / weight.size(0); }
int64_t fan_out(const Tensor& weight) { return weight.numel() / weight.size(-1); }

void constant(const Tensor& t, double value) { t.copy_from(Tensor::full(t.shape(), value, t.dtype())); }

void uniform(const Tensor& t, double low, double high, Generator& random) {
  fill(t, random,
       [=](const kernels::Random4& block, size_t k) { return low + (high - low) * kernels::uniform_of(block.word[k]); });
}

void normal(const Tensor& t, double mean, double standard_deviation, Generator& random) {
  // Box and Muller: two uniform numbers make two normal ones. 1 - u lies in (0, 1], so its logarithm is finite.
  fill(t, random, [=](const kernels::Random4& block, size_t k) {
    const double radius = std::sqrt(-2 * std::log(1.0 - kernels::uniform_of(block.word[k / 2 * 2])));
    const double angle = 2 * M_PI * kernels::uniform_of(block.word[k / 2 * 2 + 1]);
    return mean + standard_deviation * radius * (k % 2 == 0 ? std::cos(angle) : std::sin(angle));
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
