#include "engine/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/core/error.h"

namespace cudenza {
namespace {

/// fastai's combine_scheds of two cosines: start -> middle over [0, pct], middle -> end over [pct, 1].
double up_and_down(double progress, double pct, double start, double middle, double end) {
  return progress < pct ? cosine(start, middle, progress / pct) : cosine(middle, end, (progress - pct) / (1 - pct));
}

double checked(double progress) {
  require(progress >= 0 && progress <= 1, "schedule: progress {} lies outside [0, 1]: pass steps done / steps in all", progress);
  return progress;
}

}  // namespace

double cosine(double a, double b, double t) { return a + (1 + std::cos(std::numbers::pi * (1 - t))) * (b - a) / 2; }

ScheduleValue one_cycle(double progress, const OneCycle& spec) {
  require(spec.pct_start >= 0 && spec.pct_start < 1, "one_cycle: pct_start is {}, but must lie in [0, 1)", spec.pct_start);
  const double at = checked(progress);
  return {.lr_factor = up_and_down(at, spec.pct_start, 1 / spec.div, 1, 1 / spec.div_final),
          .momentum = up_and_down(at, spec.pct_start, spec.high_momentum, spec.low_momentum, spec.high_momentum)};
}

ScheduleValue cosine_with_warmup(double progress, const CosineWithWarmup& spec) {
  require(spec.warmup >= 0 && spec.warmup < 1, "cosine_with_warmup: warmup is {}, but must lie in [0, 1)", spec.warmup);
  const double at = checked(progress);
  const double factor = at < spec.warmup ? spec.start + (1 - spec.start) * at / spec.warmup
                                         : cosine(1, spec.end, (at - spec.warmup) / (1 - spec.warmup));
  return {.lr_factor = factor, .momentum = {}};
}

ScheduleValue constant_rate() { return {}; }

std::vector<double> geometric_rates(double first, double last, int groups) {
  const bool makes_sense = groups > 0 && first > 0 && last > 0;
  require(makes_sense, "geometric_rates: needs groups and positive rates, but got {} to {} for {} groups", first, last, groups);
  std::vector<double> rates(static_cast<size_t>(groups), last);
  for (int i = 0; i + 1 < groups; ++i) rates[i] = first * std::pow(last / first, static_cast<double>(i) / (groups - 1));
  return rates;
}

std::vector<double> head_rates(double last, int groups) {
  require(groups > 0, "head_rates: needs at least one group, but got {}", groups);
  std::vector<double> rates(static_cast<size_t>(groups), last / 10);
  rates.back() = last;
  return rates;
}

}  // namespace cudenza
