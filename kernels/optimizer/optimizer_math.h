/// What an optimizer does to one element, and what a step decides once for all elements.
#pragma once
#include "kernels/common/math.h"
#include "kernels/optimizer/optimizer.h"

namespace cudenza::kernels {

/// SGD as torch.optim.SGD with dampening 0: g <- g + wd p; m <- momentum m + g; p <- p - lr (nesterov ? g + momentum m : m).
/// PyTorch begins with m = g, which is what m = 0 gives.
struct SgdUpdate {
  static constexpr bool kHasSecond = false;
  bool nesterov = false;

  struct Coefficients {
    float lr, momentum, weight_decay;
  };
  HOST_DEVICE static Coefficients coefficients(const Hyper& h, double /*step*/) {
    return {static_cast<float>(h.lr), static_cast<float>(h.momentum), static_cast<float>(h.weight_decay)};
  }
  HOST_DEVICE void operator()(float& p, float g, float& m, float& /*none*/, const Coefficients& c) const {
    const float decayed = g + c.weight_decay * p;
    m = c.momentum * m + decayed;
    p -= c.lr * (nesterov ? decayed + c.momentum * m : m);
  }
};

/// Adam with decoupled weight decay, as fastai writes it:
///
///   p <- p (1 - lr wd);  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;
///   p <- p - lr / (1 - b1^t) · m / (sqrt(v / (1 - b2^t)) + eps)
///
/// torch.optim.AdamW has sqrt(v) / sqrt(1 - b2^t) + eps for the denominator: the same number. So the two share this code
/// and differ in their defaults alone (fastai b2 0.99, eps 1e-5; torch b2 0.999, eps 1e-8). b1 is the step's own in b1^t,
/// as in fastai, also while a schedule moves it.
struct AdamUpdate {
  static constexpr bool kHasSecond = true;

  struct Coefficients {
    float keep, beta1, new1, beta2, new2;  ///< 1 - lr wd; b1, 1 - b1; b2, 1 - b2
    float step_size, root_scale, eps;      ///< lr / (1 - b1^t); 1 / sqrt(1 - b2^t)
  };
  HOST_DEVICE static Coefficients coefficients(const Hyper& h, double step) {
    return {.keep = static_cast<float>(1 - h.lr * h.weight_decay),
            .beta1 = static_cast<float>(h.momentum),
            .new1 = static_cast<float>(1 - h.momentum),
            .beta2 = static_cast<float>(h.beta2),
            .new2 = static_cast<float>(1 - h.beta2),
            .step_size = static_cast<float>(h.lr / (1 - pow(h.momentum, step))),
            .root_scale = static_cast<float>(1 / sqrt(1 - pow(h.beta2, step))),
            .eps = static_cast<float>(h.eps)};
  }
  HOST_DEVICE void operator()(float& p, float g, float& m, float& v, const Coefficients& c) const {
    m = c.beta1 * m + c.new1 * g;
    v = c.beta2 * v + c.new2 * g * g;
    p = c.keep * p - c.step_size * m / (sqrt_of(v) * c.root_scale + c.eps);
  }
};

/// The part of the newest value in the weighted mean of `updates` values (average_weights). REQUIRES updates >= 1.
struct NewestPart {
  float one_less_decay, log_decay;
  explicit NewestPart(double decay) : one_less_decay(static_cast<float>(1 - decay)), log_decay(static_cast<float>(log(decay))) {}
  HOST_DEVICE float operator()(uint32_t updates) const {
    return one_less_decay / -expm1f(static_cast<float>(updates) * log_decay);
  }
};

/// Elements that one GradientPart covers: fixed, so that the sum does not depend on the number of threads.
constexpr int64_t kPartElements = 16 * 1024;

/// All exponent bits set: infinity or NaN.
HOST_DEVICE uint32_t is_non_finite(float g) { return (__builtin_bit_cast(uint32_t, g) & 0x7F800000u) == 0x7F800000u; }

/// The loss scale stays between these: growth for ever would end in infinity, and a scale below 1 helps nobody.
constexpr float kSmallestLossScale = 1, kLargestLossScale = 0x1p24f;

/// Whether this step's update happens, with what factor on its gradients, and the loss scale of the next step. `squares` is
/// the sum over the gradient as it lies in memory, still multiplied by the loss scale.
HOST_DEVICE void advance(StepState& s, const StepRule& rule, bool measured, double squares, bool non_finite) {
  const double norm = measured ? sqrt(squares) / s.loss_scale : 0;
  const double clip = rule.max_norm > 0 ? smaller(rule.max_norm / (norm + 1e-6), 1.0) : 1;
  s.gradient_norm = static_cast<float>(norm);
  s.gradient_factor = static_cast<float>(clip / s.loss_scale);
  s.apply = non_finite && (rule.skip_non_finite || rule.dynamic_scale) ? 0 : 1;
  s.step += s.apply;
  s.skipped_steps += 1 - s.apply;
  if (!rule.dynamic_scale) return;
  s.good_steps = non_finite ? 0 : s.good_steps + 1;
  if (non_finite) {
    s.loss_scale = larger(kSmallestLossScale, static_cast<float>(s.loss_scale * rule.backoff));
  } else if (s.good_steps >= static_cast<float>(rule.growth_interval)) {
    s.loss_scale = smaller(kLargestLossScale, static_cast<float>(s.loss_scale * rule.growth));
    s.good_steps = 0;
  }
}

}  // namespace cudenza::kernels
