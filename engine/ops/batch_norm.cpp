#include "engine/ops/batch_norm.h"

#include "engine/autograd/node.h"
#include "engine/ops/batch_norm_pass.h"

namespace cudenza {
namespace {

Tensor normalized(std::string_view op, const Tensor& x, const BatchNormState& state, bool training, bool relu,
                  const Tensor& residual) {
  check_batch_norm(op, x, state, training, residual);
  const BatchNormWants wants{x.tracks_grad(), state.gamma.tracks_grad(), state.beta.tracks_grad(),
                             residual.defined() && residual.tracks_grad()};
  BatchNormSaved saved;
  const Tensor y = batch_norm_forward(x, state, training, relu, residual, wants, saved);
  return record_adding(op, y, {x, state.gamma, state.beta, residual},
                       [saved = std::move(saved)](const Tensor& dy, const Tensor& more) {
                         const auto [dx, dgamma, dbeta, dresidual] = batch_norm_backward(dy, more, saved);
                         return std::vector{dx, dgamma, dbeta, dresidual};
                       });
}

}  // namespace

Tensor batch_norm(const Tensor& x, const BatchNormState& state, bool training) {
  return normalized("batch_norm", x, state, training, false, {});
}

Tensor batch_norm_act(const Tensor& x, const BatchNormState& state, bool training, bool relu, const Tensor& residual) {
  return normalized("batch_norm_act", x, state, training, relu, residual);
}

}  // namespace cudenza
