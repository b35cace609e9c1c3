/// SGD, Adam and AdamW over flat parameters.
///
///   FlatParameters parameters(groups);
///   Optimizer optimizer(parameters, Adam{.lr = 2e-3});
///   for (…) {
///     optimizer.set_rates(lrs, one_cycle(progress));
///     optimizer.zero_grad();
///     loss_of(batch).backward();
///     optimizer.step();
///   }
///
/// Nothing here waits for the device: learning rates, step count, loss scale and the decision to skip a step are in its
/// memory. Everything but the setters can be captured; a setter called between replays affects the later replays. The capture
/// fixes which parameters are frozen, and the limits of set_max_norm() and the like.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/optim/flat_parameters.h"
#include "engine/optim/schedule.h"
#include "kernels/optimizer/optimizer.h"

namespace cudenza {

/// torch.optim.SGD with dampening 0: L2 weight decay is added to the gradient.
struct Sgd {
  double lr = 0.01, momentum = 0.9, weight_decay = 0;
  bool nesterov = false;
};

/// fastai's Adam: decoupled weight decay (formula in kernels/optimizer/optimizer_math.h).
struct Adam {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.99, eps = 1e-5, weight_decay = 0.01;
};

/// torch.optim.AdamW: the same formula with PyTorch's defaults.
struct AdamW {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
};

using OptimizerMethod = std::variant<Sgd, Adam, AdamW>;

/// How the loss scale for f16 gradients adapts: multiplied by backoff at overflow (that step is skipped), by growth after
/// growth_interval good steps. Defaults are torch.amp.GradScaler's.
struct LossScale {
  double initial = 65536, growth = 2, backoff = 0.5;
  int growth_interval = 2000;
};

class Optimizer {
 public:
  /// `parameters` must outlive the optimizer. All groups start with the method's values; weight decay applies to weights, not
  /// to normalisations and biases.
  Optimizer(FlatParameters& parameters, const OptimizerMethod& method);
  Optimizer(const Optimizer&) = delete;  // a copy would share the moments

  /// Sets each group's learning rate to lrs[group] · at.lr_factor, and the momentum (Adam's beta1) if the schedule has one.
  void set_rates(std::span<const double> lrs, const ScheduleValue& at = {});
  void set_lr(int group, double lr);
  void set_lr(double lr);  ///< of all groups
  void set_momentum(double momentum);
  void set_weight_decay(int group, double weight_decay);  ///< of the group's weights
  double lr(int group) const;
  double momentum() const;

  /// Clips the L2 norm of the gradient over all trained parameters, like torch's clip_grad_norm_; 0: no clipping.
  void set_max_norm(double max_norm);
  /// Skips updates if the gradient contains an infinite or NaN value.
  void set_skip_non_finite(bool);
  /// Multiplies losses in backward() below and adapts the scale. For f16.
  void use_loss_scale(const LossScale& spec = {});

  /// loss.backward(), times the loss scale if one is used. loss is f32 with one element.
  void backward(const Tensor& loss) const;
  void step();
  void zero_grad() const { parameters_->zero_grad(); }
  /// Sets moments and step count to zero, as fastai does when it unfreezes. Keeps the loss scale.
  void clear_state();

  /// State for resuming a run: flat moments like FlatParameters::values(), and "step_state": loss scale and step count.
  std::vector<std::pair<std::string, Tensor>> state() const;

  /// The result of the last step. Waits for the device.
  struct Report {
    int64_t steps, skipped_steps;  ///< updates applied and skipped since clear_state()
    bool applied;
    double gradient_norm;  ///< before clipping, without the loss scale; 0 if no setting above needs it
    double loss_scale;
  };
  Report report() const;

  FlatParameters& parameters() const { return *parameters_; }

 private:
  template <class F> void with_update(F&& f) const;
  template <class F> void change(F&& f);

  FlatParameters* parameters_;
  bool is_sgd_ = false, nesterov_ = false;
  kernels::StepRule rule_;
  bool scales_loss_ = false;
  std::vector<kernels::Hyper> hypers_;  ///< the host's copy of table_, one per section
  Tensor table_, coefficients_;         ///< kernels::Hyper and Update::Coefficients, one per section
  Tensor parts_;                        ///< kernels::GradientPart
  Tensor step_state_;                   ///< kernels::StepState
  Tensor first_, second_;               ///< moments
};

}  // namespace cudenza
