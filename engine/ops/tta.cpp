#include "engine/ops/tta.h"

#include "engine/core/dispatch.h"
#include "engine/core/name_table.h"

namespace cudenza {
namespace {

constexpr NameTable kModes("TTA mode", {std::pair{TtaMode::blend, "blend"}, {TtaMode::mean, "mean"}, {TtaMode::max, "max"}});

}  // namespace

TtaMode tta_mode_from_name(std::string_view name) { return kModes.value_of(name); }
std::string_view name_of(TtaMode mode) { return kModes.name_of(mode); }

Tensor tta_probabilities(const Tensor& plain, const Tensor& variants, const TtaSpec& spec) {
  constexpr int64_t kMostVariants = 4095;
  require(is_floating(plain.dtype()) && plain.shape().rank() == 2 && plain.numel() > 0 && plain.size(1) < (int64_t{1} << 31),
          "tta_probabilities: logits must be floating, [B,classes] and not empty, but are {} {}", plain.dtype(), plain.shape());
  const int64_t rows = plain.size(0), classes = plain.size(1);
  require(variants.dtype() == plain.dtype() && variants.device() == plain.device(),
          "tta_probabilities: the variants' logits are {} on {}, the plain ones {} on {}; both must be alike", variants.dtype(),
          variants.device(), plain.dtype(), plain.device());
  const bool fits = variants.shape().rank() == 2 && variants.size(1) == classes && variants.size(0) > 0 &&
                    variants.size(0) % rows == 0 && variants.size(0) / rows <= kMostVariants;
  require(fits, "tta_probabilities: beside plain logits {} the variants' must be [n*{},{}] with n from 1 to {}, but are {}",
          plain.shape(), rows, classes, kMostVariants, variants.shape());
  require(spec.beta >= 0 && spec.beta <= 1, "tta_probabilities: beta is {}, but must lie in [0, 1]", spec.beta);
  const Tensor y = Tensor::empty(plain.shape(), accumulator_of(plain.dtype()), plain.device());
  const int64_t n = variants.size(0) / rows;
  const kernels::TtaRule rule(spec.mode, spec.beta, n);
  dispatch_kernel("tta_probabilities", plain.device(), plain.dtype(), [&]<class T>(auto where) {
    kernels::tta_probabilities(where, rule, plain.data<T>(), variants.data<T>(), y.data<acc_t<T>>(), rows, classes, n + 1);
  });
  return y;
}

}  // namespace cudenza
