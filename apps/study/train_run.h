/// A whole training run: from options to a directory with a model, its history, its judgement and a report.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/study/compute.h"
#include "apps/study/observer.h"
#include "apps/study/train_options.h"
#include "engine/run/model_card.h"
#include "engine/run/run_identity.h"
#include "engine/run/run_lock.h"

namespace cudenza {

struct TrainPlan {
  Compute compute = {};
  TrainOptions options = {};                 ///< `out` is the run's directory
  std::string config = {};                   ///< the options as text, for config.toml and last.h5: the run knows itself by it
  std::optional<RunIdentity> identity = {};  ///< what the run in `out` was made of, for one that goes on
  std::optional<int> epochs_so_far = {};     ///< a round, as its last.h5 counts them; nothing: there is none, the run begins

  bool goes_on() const { return epochs_so_far.has_value(); }
};

/// Trains what the plan says into `options.out`, which the caller (of several ranks the first) has locked, or goes on with the
/// run that lies there. Throws Stopped where the observer interrupts it, with last.h5 saved; DivergedError; DataError, naming the
/// first difference, if the data are not those that the run began with.
/// Of several ranks the first alone writes, and returns the card.
ModelCard train_run(const RunLock&, const TrainPlan&, Observer&);

/// Whether this directory holds a run that has come to its end.
bool is_finished(const std::filesystem::path& run);

}  // namespace cudenza
