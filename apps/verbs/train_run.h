/// A whole training run: from the options to a directory with a model, its history, its judgement and a report.
#pragma once
#include "apps/cli/config_file.h"
#include "apps/verbs/train_options.h"
#include "engine/run/model_card.h"
#include "engine/run/run_files.h"

namespace cudenza {

/// Trains what the options say into options.out, or goes on with options.resume. `items` are the options that were given, each as
/// it was: config.toml will hold them, and a run that goes on takes or refuses them (resume.h). Throws Interrupted after Ctrl-C,
/// with last.h5 saved; DivergedError; DataError if another process trains there.
ModelCard train_run(const Common&, const TrainOptions&, const ConfigItems& items);

/// Whether this directory holds a run that has come to its end.
bool is_finished(const std::filesystem::path& run);

}  // namespace cudenza
