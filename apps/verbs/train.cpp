/// cudenza train: from a data set to a run directory with a model, its history and a report.
#include "apps/verbs/train_run.h"

namespace cudenza {

void add_train(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("train", "Trains a network on a data set, or fine-tunes one from given weights");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(verb, *options, true);
  verb->callback([&program, &common, options] { train_run(common, *options, items_of(program)); });
}

}  // namespace cudenza
