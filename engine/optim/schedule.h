/// Learning rate and momentum as pure functions of progress: steps done / all steps, 0 before the first batch. Learning rates
/// are factors, so that groups with different rates can follow one schedule. As in fastai, a schedule is read before each
/// batch, so the last batch is trained just before progress 1.
#pragma once
#include <optional>
#include <vector>

namespace cudenza {

/// Values to set before a batch.
struct ScheduleValue {
  double lr_factor = 1;            ///< of each group's peak learning rate
  std::optional<double> momentum;  ///< SGD's momentum or Adam's beta1; nullopt: unchanged
};

/// fastai's SchedCos, half a cosine from a at t = 0 to b at t = 1: a + (1 + cos(pi (1 - t))) (b - a) / 2.
double cosine(double a, double b, double t);

/// fastai's fit_one_cycle (combined_cos): the learning rate rises from lr / div to lr over the first pct_start, then falls to
/// lr / div_final. Momentum falls from high to low and rises back. All curves are cosines.
struct OneCycle {
  double pct_start = 0.25;
  double div = 25, div_final = 1e5;
  double high_momentum = 0.95, low_momentum = 0.85;
};
ScheduleValue one_cycle(double progress, const OneCycle& spec = {});

/// Linear from `start` to 1 over the first `warmup` of the run, then a cosine down to `end`.
struct CosineWithWarmup {
  double warmup = 0.05;
  double start = 0.01, end = 0;
};
ScheduleValue cosine_with_warmup(double progress, const CosineWithWarmup& spec = {});

ScheduleValue constant_rate();

/// `groups` learning rates, geometric from `first` to `last`: fastai's slice(first, last). One group gets `last`.
std::vector<double> geometric_rates(double first, double last, int groups);
/// `last` for the head and last / 10 for all other groups: fastai's slice(last), used while the body is frozen.
std::vector<double> head_rates(double last, int groups);

}  // namespace cudenza
