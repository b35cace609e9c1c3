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

}  // namespace cudenza
