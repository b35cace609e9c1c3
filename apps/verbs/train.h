/// A training run as a command line asks for it, for the verbs that train.
#pragma once
#include <functional>

#include "apps/cli/config_file.h"
#include "apps/study/train_run.h"
#include "apps/verbs/verbs.h"

namespace cudenza {

/// Trains what the options say into options.out, or goes on with options.resume. `items` are the options that were given, each as
/// it was: config.toml will hold them, and a run that goes on takes or refuses them (resume.h). Throws Interrupted after Ctrl-C,
/// with last.h5 saved; DivergedError; DataError if another process trains there.
ModelCard train(const Common&, const TrainOptions&, const ConfigItems& items);

/// The same for the verb of that name (train_flags.h), whose runs are trained by `work`.
void train_by(const std::string& verb, const Common&, const TrainOptions&, const ConfigItems& items,
              const std::function<void(const RunLock&, const TrainPlan&, Observer&)>& work);

}  // namespace cudenza
