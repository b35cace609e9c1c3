/// The options of training on a command line.
#pragma once
#include <CLI/CLI.hpp>

#include "apps/study/train_options.h"

namespace cudenza {

/// Gives `verb` the options of training: all with `with_run`, those of the input and the recipe alone without.
void add_train_options(CLI::App* verb, TrainOptions&, bool with_run);

}  // namespace cudenza
