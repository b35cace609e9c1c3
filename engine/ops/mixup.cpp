#include "engine/ops/mixup.h"

#include <cmath>

#include "engine/core/dispatch.h"
#include "kernels/mixup/mixup.h"

namespace cudenza {
namespace {

void check(const Tensor& x, double alpha) {
  require(is_floating(x.dtype()) && x.shape().rank() >= 1 && x.numel() > 0,
          "mixup: x must be floating, [N,...] and not empty, but is {} {}", x.dtype(), x.shape());
  require(x.size(0) <= kernels::kMixupSamples, "mixup: {} samples are more than the {} that one permutation serves; mix parts",
          x.size(0), int64_t{kernels::kMixupSamples});
  require(alpha >= 0 && std::isfinite(alpha), "mixup: alpha is {}, but must be 0 (off) or positive", alpha);
  require(!x.tracks_grad(), "mixup: no gradient flows into x; mix the network's input, or pass x.detach()");
}

void check_beside(std::string_view what, const Tensor& t, bool fits, std::string_view wanted, const Tensor& x) {
  require(fits, "mixup: {} must be {} beside x {}, but are {}", what, wanted, x.shape(),
          t.defined() ? fmt::format("{} {}", t.dtype(), t.shape()) : "undefined");
  require(t.device() == x.device(), "mixup: {} on {} cannot meet x on {}; move one with .to()", what, t.device(), x.device());
}

}  // namespace

MixedBatch mixup(const Tensor& x, const Tensor& labels, double alpha, Generator& random) {
  check(x, alpha);
  const bool fits = labels.defined() && labels.dtype() == DType::i64 && labels.shape() == Shape{x.size(0)};
  check_beside("labels", labels, fits, fmt::format("i64 [{}]", x.size(0)), x);
  const bool is_off = alpha == 0;  // x + 1 (x - x) need not be x: nothing is computed
  const int64_t samples = x.size(0);
  const MixedBatch mixed{is_off ? x : Tensor::empty(x.shape(), x.dtype(), x.device()),
                         {labels, Tensor::empty({samples}, DType::i64, x.device()),
                          Tensor::empty({samples}, accumulator_of(x.dtype()), x.device())}};
  const OpStream stream = random.next(x.device());
  dispatch_kernel("mixup", x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::mixup(where, x.data<T>(), mixed.x.data<T>(), samples, is_off ? 0 : x.numel() / samples, alpha, stream,
                   kernels::MixupTargets<acc_t<T>>{mixed.labels.partner.data<int64_t>(), mixed.labels.lambda.data<acc_t<T>>()});
  });
  return mixed;
}

MixupDraws mixup_draws(int64_t samples, double alpha, const Generator::State& at) {
  MixupDraws draws{std::vector<int64_t>(static_cast<size_t>(samples)), std::vector<float>(static_cast<size_t>(samples))};
  const float* const no_pictures = nullptr;
  kernels::mixup(kernels::Cpu{}, no_pictures, static_cast<float*>(nullptr), samples, 0, alpha,
                 {.seed = at.seed, .op = 0, .step = &at.step},
                 kernels::MixupTargets<float>{draws.partner.data(), draws.lambda.data()});
  return draws;
}

Tensor mix_pairs(const Tensor& x, const Tensor& lambda) {
  require(is_floating(x.dtype()) && x.shape().rank() >= 1 && x.numel() > 0 && x.size(0) % 2 == 0 && !x.tracks_grad(),
          "mix_pairs: x must be floating, [2N,...] and outside the graph, but is {} {}", x.dtype(), x.shape());
  const int64_t samples = x.size(0) / 2;
  require(lambda.shape() == Shape{samples} && lambda.dtype() == accumulator_of(x.dtype()) && lambda.device() == x.device(),
          "mix_pairs: x {} {} on {} needs lambda {} [{}], but got {} {} on {}", x.dtype(), x.shape(), x.device(),
          accumulator_of(x.dtype()), samples, lambda.dtype(), lambda.shape(), lambda.device());
  std::vector<int64_t> extents(x.shape().begin(), x.shape().end());
  extents[0] = samples;
  const Tensor y = Tensor::empty(Shape(extents), x.dtype(), x.device());
  dispatch_kernel("mix_pairs", x.device(), x.dtype(), [&]<class T>(auto where) {
    kernels::mix_pairs(where, x.data<T>(), y.data<T>(), samples, x.numel() / (2 * samples), lambda.data<acc_t<T>>());
  });
  return y;
}

}  // namespace cudenza
