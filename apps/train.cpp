/// cudenza train: from a data set to a run directory with a model, its history and a report.
#include "apps/train_run.h"

namespace cudenza {
namespace {

/// A resumed run goes by its own config.toml; only how it is shown and on how many threads it runs may change.
void run_train(const CLI::App& program, const Common& given, const TrainOptions& options) {
  if (options.resume.empty()) {
    train_run(given, options, program.config_to_str(false, false));
    return;
  }
  Common common;
  TrainOptions own = read_run_options(options.resume, common);
  common.quiet = given.quiet;
  common.json = given.json;
  own.resume = own.out = options.resume;
  train_run(common, own, {});
}

}  // namespace

void add_train(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("train", "Trains a network on a data set, or fine-tunes one from given weights");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(verb, *options, true);
  verb->callback([&program, &common, options] { run_train(program, common, *options); });
}

}  // namespace cudenza
