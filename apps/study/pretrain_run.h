/// A whole pretraining: from options to a directory with weights that a training may begin with, and without any data.
#pragma once
#include "apps/study/train_run.h"

namespace cudenza {

/// Trains a network from scratch on pictures by formula, as `plan.options.formula` says, into `options.out`, which the caller has
/// locked, or goes on with the run that lies there: config.toml, history.csv, best.h5, last.h5 and TensorBoard events, as of a
/// training. Throws like train_run().
void pretrain_run(const RunLock&, const TrainPlan&, Observer&);

}  // namespace cudenza
