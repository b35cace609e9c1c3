/// A whole training run: from the options to a directory with a model, its history, its judgement and a report.
#pragma once
#include "apps/train_options.h"
#include "engine/train/run_files.h"

namespace cudenza {

/// Trains what the options say into options.out, or goes on with options.resume. `config` is what config.toml will hold. Throws
/// Interrupted after Ctrl-C, with last.h5 saved.
ModelCard train_run(const Common&, const TrainOptions&, const std::string& config);

/// Whether this directory holds a run that has come to its end.
bool is_finished(const std::filesystem::path& run);

}  // namespace cudenza
