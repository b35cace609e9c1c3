/// cudenza train: from a data set to a run directory with a model, its history and a report.
#include "apps/verbs/train.h"

#include "apps/cli/exit_code.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/process.h"
#include "apps/cli/terminal.h"
#include "apps/verbs/resume.h"
#include "apps/verbs/train_flags.h"
#include "engine/io/atomic_file.h"
#include "engine/run/run_folder.h"
#include "engine/train/evaluate.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

void check_place(const std::string& verb, const TrainOptions& o) {
  require(!o.data.empty() || !o.resume.empty() || o.formula,
          "train: which data? cudenza train DATA --model A --out RUN (or --resume RUN)");
  require(!o.out.empty() || !o.resume.empty(), "{}: where to? Give --out RUN, a directory for weights and history", verb);
  std::error_code error;
  if (!o.resume.empty() && !fs::is_directory(o.resume, error))
    throw DataError(fmt::format("{}: there is no such directory of a run", o.resume));
  if (o.resume.empty() && o.formula) check_run_folder("--out", o.out);
  else if (o.resume.empty()) check_run_folder("--out", o.out, o.data);
}

/// A new run is what was given. One that goes on is what it was; it may have been stopped before its last.h5 was there.
Resumption what_to_train(const std::string& verb, const fs::path& run, const Common& common, const TrainOptions& given,
                         const ConfigItems& items, Observer& observer) {
  const bool is_begun = fs::exists(run / "last.h5");
  require(!given.resume.empty() || !is_begun,
          "{}: {} holds a run already: --resume {} continues it, another --out leaves it alone", verb, given.out, given.out);
  if (given.resume.empty()) return {.common = common, .options = given, .items = items, .identity = {}};
  if (!is_begun) return beginning_of(verb, run, common, items);
  Resumption own = resume_of(verb, run, common, items);
  if (!own.identity)
    observer.warn(fmt::format("{}: was written by an older version: whether its data have changed cannot be told",
                              (run / "last.h5").string()));
  return own;
}

}  // namespace

void train_by(const std::string& verb, const Common& common, const TrainOptions& given, const ConfigItems& items,
              const std::function<void(const RunLock&, const TrainPlan&, Observer&)>& work) {
  Ranks& ranks = *common.ranks;
  Terminal terminal(common.quiet, ranks.is_first());
  const fs::path run = given.resume.empty() ? given.out : given.resume;
  if (ranks.is_first()) check_place(verb, given);
  const RunLock lock = ranks.is_first() ? RunLock(run) : RunLock(RunLock::HeldByFirst{});
  if (ranks.is_first()) remove_parts_of_dead_writers(run);
  ranks.barrier();  // the others look at a folder that is in order,
  Resumption own = what_to_train(verb, run, common, given, items, terminal);
  own.common.ranks = common.ranks;
  ranks.barrier();                                                      // and the first writes to it when all have looked
  if (own.common.threads > 0) start_threads(own.common.threads, true);  // the run's own
  watch_interrupts();
  try {
    work(lock,
         {.compute = own.common,
          .options = own.options,
          .config = config_text(own.items),
          .identity = own.identity,
          .epochs_so_far = own.epochs},
         terminal);
  } catch (const Stopped& stopped) {
    throw Interrupted(stopped.what());
  }
}

ModelCard train(const Common& common, const TrainOptions& given, const ConfigItems& items) {
  ModelCard card;
  train_by(kTrain, common, given, items,
           [&](const RunLock& lock, const TrainPlan& plan, Observer& observer) { card = train_run(lock, plan, observer); });
  return card;
}

void add_train(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand(kTrain, "Trains a network on a data set, or fine-tunes one from given weights");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(verb, *options, true);
  verb->callback([&program, &common, options] { train(common, *options, items_of(program)); });
}

}  // namespace cudenza
