/// cudenza lr-find: the loss over rising learning rates, and the rate that it suggests.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/cli/exit_code.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/study/train_setup.h"
#include "apps/verbs/train_flags.h"
#include "apps/verbs/verbs.h"
#include "engine/report/plots.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_seal.h"
#include "engine/train/lr_finder.h"

namespace cudenza {
namespace {

void run_lr_find(const Common& common, const TrainOptions& options) {
  require(!options.data.empty(), "lr-find: which data? cudenza lr-find DATA --model A");
  Ranks& ranks = *common.ranks;
  const bool writes = !options.out.empty() && ranks.is_first();
  if (writes) check_run_folder("--out", options.out, options.data);
  watch_interrupts();
  Terminal terminal(common.quiet, ranks.is_first());
  TrainSetup setup(common, options, terminal);
  setup.prepare();
  const LrFinderSpec spec;
  bool stopped = false;
  const LrCurve curve = find_learning_rate(setup.trainer_parts(), setup.recipe, spec, [&](int done) {
    terminal.progress("trying rates", done, spec.steps, "");
    return !(stopped = ranks.any(interrupted()));
  });
  terminal.clear();
  if (stopped) throw Interrupted("lr-find was stopped; nothing is changed");
  if (curve.points.empty())
    throw DataError("the loss was no number at the lowest rate already: look at the data (cudenza doctor)");
  if (writes) {
    const bool was_sealed = unseal_run(options.out);
    write_lr_curve(options.out, curve);
    if (was_sealed) seal_run(options.out);
    write_lr_plot(options.out);
  }
  if (common.json) {
    nlohmann::ordered_json points = nlohmann::ordered_json::array();
    for (const auto& point : curve.points) points.push_back({point.lr, point.loss});
    const nlohmann::ordered_json suggestion =
        curve.suggested ? nlohmann::ordered_json(curve.points[*curve.suggested].lr) : nullptr;
    return print_json(nlohmann::ordered_json{{"suggestion", suggestion}, {"points", points}});
  }
  for (size_t i = 0; i < curve.points.size(); i += 4) print_out("{:10.3g}  {:.4f}\n", curve.points[i].lr, curve.points[i].loss);
  if (curve.suggested) print_out("suggested: --lr {:.2g}\n", curve.points[*curve.suggested].lr);
  else print_out("the curve is too short for a suggestion: the loss grew at once\n");
}

}  // namespace

void add_lr_find(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("lr-find", "Tries learning rates on a data set and suggests one");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(verb, *options, false);
  verb->add_option("--out", options->out, "a folder for lr_find.csv and its plot");
  verb->callback([&common, options] { run_lr_find(common, *options); });
}

}  // namespace cudenza
