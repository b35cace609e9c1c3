#include "apps/study/time_plan.h"

#include <algorithm>
#include <cmath>

namespace cudenza {

void TimePlan::after_epoch(std::span<const EpochRow> history) {
  const int before_last_phase = trainer_.epochs() - trainer_.phases().back().epochs;
  const int done = static_cast<int>(history.size()) - before_last_phase;
  if (done < 1) return;
  double spent = 0;
  for (const EpochRow& row : history) spent += row.time;
  // The first epoch may have computed features for all others, so the fastest one counts.
  const auto own = history.last(static_cast<size_t>(done));
  const double one = std::ranges::min_element(own, {}, &EpochRow::time)->time;
  const double more = std::floor((seconds_ - spent) / std::max(one, 1e-3) + 0.5);
  trainer_.set_epochs(done + static_cast<int>(std::clamp(more, 0.0, 1e6)));
}

}  // namespace cudenza
