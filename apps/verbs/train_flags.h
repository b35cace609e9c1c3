/// The options of training on a command line.
#pragma once
#include <CLI/CLI.hpp>

#include "apps/study/train_options.h"

namespace cudenza {

/// The verbs whose runs have options of training: a run goes on by the verb that began it.
inline constexpr const char *kTrain = "train", *kPretrain = "pretrain";

/// Gives `verb` the options of training: all with `with_run`, those of the input and the recipe alone without.
void add_train_options(CLI::App* verb, TrainOptions&, bool with_run);

/// Gives `verb` the options of pretraining, `formula` among them.
void add_pretrain_options(CLI::App* verb, TrainOptions&);

}  // namespace cudenza
