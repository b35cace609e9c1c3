#include <algorithm>
#include <cmath>

#include "kernels/optimizer/optimizer_math.h"

namespace cudenza::kernels {
namespace {

/// torch.optim.SGD: g <- g + wd p; m <- mu m + g; p <- p - lr (nesterov ? g + mu m : m).
void step(const SgdUpdate& sgd, const SgdUpdate::Coefficients& c, double g, float& p, float& m, float* /*none*/) {
  g += double{c.weight_decay} * p;
  const double momentum = double{c.momentum} * m + g;
  p = static_cast<float>(p - c.lr * (sgd.nesterov ? g + c.momentum * momentum : momentum));
  m = static_cast<float>(momentum);
}

/// Kingma and Ba's Adam with Loshchilov and Hutter's decay: m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g²;
/// p <- p - lr wd p - lr · m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps).
void step(const AdamUpdate&, const AdamUpdate::Coefficients& c, double g, float& p, float& m, float* v) {
  const double first = double{c.beta1} * m + c.new1 * g, second = double{c.beta2} * *v + c.new2 * g * g;
  p = static_cast<float>(double{c.keep} * p - c.step_size * first / (std::sqrt(second) * c.root_scale + c.eps));
  m = static_cast<float>(first), *v = static_cast<float>(second);
}

}  // namespace

void set_hypers(Reference, Hyper* table, std::span<const Hyper> values) { std::copy(values.begin(), values.end(), table); }

void gradient_statistics(Reference, const float* g, std::span<const Segment> segments, GradientPart* parts) {
  for (const Segment& s : segments) {
    for (int64_t begin = s.begin; begin < s.end; begin += kPartElements, ++parts) {
      double squares = 0;
      bool finite = true;
      for (int64_t i = begin; i < std::min(begin + kPartElements, s.end); ++i) {
        squares += double{g[i]} * g[i];
        finite = finite && std::isfinite(g[i]);
      }
      *parts = {static_cast<float>(squares), finite ? 0u : 1u};
    }
  }
}

template <class Update>
void begin_step(Reference, Update, const StepInputs& in, StepState* state, typename Update::Coefficients* coefficients) {
  double squares = 0;
  bool non_finite = false;
  for (int64_t i = 0; i < in.part_count; ++i) squares += in.parts[i].squares, non_finite |= in.parts[i].non_finite != 0;
  advance(*state, in.rule, in.part_count > 0, squares, non_finite);
  for (int i = 0; i < in.hypers; ++i) coefficients[i] = Update::coefficients(in.table[i], state->step);
}

template <class Update>
void update(Reference, Update one, FlatBuffers at, std::span<const Segment> segments,
            const typename Update::Coefficients* coefficients, const StepState* state) {
  if (state->apply == 0) return;
  for (const Segment& s : segments) {
    for (int64_t i = s.begin; i < s.end; ++i) {
      const double g = double{state->gradient_factor} * at.g[i];
      step(one, coefficients[s.hyper], g, at.p[i], at.first[i], at.second ? at.second + i : nullptr);
    }
  }
}

void average_weights(Reference, float* average, const float* p, int64_t count, double decay, const uint32_t* updates) {
  const double part = (1 - decay) / (1 - std::pow(decay, *updates));
  for (int64_t i = 0; i < count; ++i) average[i] = static_cast<float>(average[i] + part * (double{p[i]} - average[i]));
}

#define CUDENZA_OPTIMIZER(Update)                                                                    \
  template void begin_step(Reference, Update, const StepInputs&, StepState*, Update::Coefficients*); \
  template void update(Reference, Update, FlatBuffers, std::span<const Segment>, const Update::Coefficients*, const StepState*);
CUDENZA_OPTIMIZER(SgdUpdate)
CUDENZA_OPTIMIZER(AdamUpdate)

}  // namespace cudenza::kernels
