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
/// Nothing here waits for the device: rates, step count, loss scale and the decision to skip a step live in its memory. All
/// but the setters may be captured into a graph; a setter called between replays holds for the replays after it. What is
/// frozen and the limits set with set_max_norm() and the like are fixed by the capture.
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

/// torch.optim.SGD with dampening 0: L2 weight decay goes into the gradient.
struct Sgd {
  double lr = 0.01, momentum = 0.9, weight_decay = 0;
  bool nesterov = false;
};

/// fastai's Adam: decoupled weight decay (kernels/optimizer/optimizer_math.h has the formula).
struct Adam {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.99, eps = 1e-5, weight_decay = 0.01;
};

/// torch.optim.AdamW: the same formula with PyTorch's defaults.
struct AdamW {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
};

using OptimizerMethod = std::variant<Sgd, Adam, AdamW>;

/// How a loss scale for f16 gradients adapts: backoff at overflow (that step is skipped), growth after growth_interval good
/// steps. The defaults are torch.amp.GradScaler's.
struct LossScale {
  double initial = 65536, growth = 2, backoff = 0.5;
  int growth_interval = 2000;
};

class Optimizer {
 public:
  /// `parameters` must outlive the optimizer. All groups start with the method's values; weight decay falls on weights, not
  /// on normalisations and biases.
  Optimizer(FlatParameters& parameters, const OptimizerMethod& method);
  Optimizer(const Optimizer&) = delete;  // a copy would share the moments

  /// Each group's learning rate: lrs[group] · at.lr_factor; and the momentum (Adam's beta1) if the schedule has one.
  void set_rates(std::span<const double> lrs, const ScheduleValue& at = {});
  void set_lr(int group, double lr);
  void set_lr(double lr);  ///< of all groups
  void set_momentum(double momentum);
  void set_weight_decay(int group, double weight_decay);  ///< of the group's weights
  double lr(int group) const;
  double momentum() const;

  /// Scales gradients down to this L2 norm over all trained parameters, as torch's clip_grad_norm_; 0: never.
  void set_max_norm(double max_norm);
  /// Leaves out updates whose gradient has an infinite or NaN value.
  void set_skip_non_finite(bool);
  /// Multiplies losses (by backward() below) and adapts the scale. For f16.
  void use_loss_scale(const LossScale& spec = {});

  /// loss.backward(), from the loss scale where one is used. loss is f32 with one element.
  void backward(const Tensor& loss) const;
  void step();
  void zero_grad() const { parameters_->zero_grad(); }
  /// Moments and step count to zero, as at unfreezing. The loss scale stays.
  void clear_state();

  /// What a run is resumed from: flat moments like FlatParameters::values(), and "step_state": loss scale and step count.
  std::vector<std::pair<std::string, Tensor>> state() const;

  /// What the last step did. Waits for the device.
  struct Report {
    int64_t steps, skipped_steps;  ///< updates done and left out since the state was cleared
    bool applied;
    double gradient_norm;  ///< before clipping, without the loss scale; 0 where nothing above asked for it
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
  std::vector<kernels::Hyper> hypers_;  ///< the host's copy of table_, one a section
  Tensor table_, coefficients_;         ///< kernels::Hyper and Update::Coefficients, one of each a section
  Tensor parts_;                        ///< kernels::GradientPart
  Tensor step_state_;                   ///< kernels::StepState
  Tensor first_, second_;               ///< moments
};

}  // namespace cudenza
