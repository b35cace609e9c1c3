/// Learning rates and momentum over a run, as pure functions of progress: steps done / steps in all, 0 before the first batch.
/// Learning rates are given as factors, so that groups with rates of their own follow one schedule. Like fastai's, schedules
/// are asked before each batch, so the last batch is trained just before progress 1.
#pragma once
#include <optional>
#include <vector>

namespace cudenza {

/// What to set before a batch.
struct ScheduleValue {
  double lr_factor = 1;            ///< of each group's peak learning rate
  std::optional<double> momentum;  ///< SGD's momentum or Adam's beta1; absent: as it is
};

/// fastai's SchedCos: a at t = 0, b at t = 1, half a cosine between: a + (1 + cos(pi (1 - t))) (b - a) / 2.
double cosine(double a, double b, double t);

/// fastai's fit_one_cycle (combined_cos): the rate goes from lr / div up to lr over the first pct_start, then down to
/// lr / div_final; momentum goes from high to low and back; cosines on both sides.
struct OneCycle {
  double pct_start = 0.25;
  double div = 25, div_final = 1e5;
  double high_momentum = 0.95, low_momentum = 0.85;
};
ScheduleValue one_cycle(double progress, const OneCycle& spec = {});

/// A straight line from `start` to 1 over the first `warmup` of the run, then a cosine down to `end`.
struct CosineWithWarmup {
  double warmup = 0.05;
  double start = 0.01, end = 0;
};
ScheduleValue cosine_with_warmup(double progress, const CosineWithWarmup& spec = {});

ScheduleValue constant_rate();

/// `groups` learning rates from `first` to `last` in equal ratios: fastai's slice(first, last). One group gets `last`.
std::vector<double> geometric_rates(double first, double last, int groups);
/// `last` for the head and last / 10 for every group below: fastai's slice(last), used while the body is frozen.
std::vector<double> head_rates(double last, int groups);

}  // namespace cudenza
