#include "apps/cli/common.h"

#include <algorithm>
#include <array>

#include "apps/cli/config_file.h"
#include "apps/cli/process.h"
#include "engine/core/print_err.h"
#include "engine/parallel/join.h"

namespace cudenza {
namespace {

bool is_shared(const CLI::App& program) {
  constexpr std::array kShared{"train", "pretrain", "eval", "predict", "lr-find"};
  const auto given = program.get_subcommands();
  return std::ranges::any_of(given, [&](const CLI::App* verb) { return std::ranges::count(kShared, verb->get_name()) > 0; });
}

/// What comes between the reading of the command line and the work of its verb.
void begin(const CLI::App& program, Common& common) {
  const Launch launch = launch_of_environment();
  const bool is_first = launch.rank == 0;
  const bool is_alone = launch.size == 1 || !is_shared(program);
  if (is_shared(program) && !common.quiet && srun_hides_others())
    print_err("cudenza: srun has started several processes, but each does all the work: share it with srun --mpi=pmix\n");
  if (!is_alone) common.ranks = join(launch);
  else if (!is_first) throw CLI::Success();
  const int ranks_here = is_alone ? 1 : launch.local_size;
  start_threads(common.threads > 0 ? common.threads : threads_of_rank(ranks_here), common.quiet || !is_first);
}

}  // namespace

void add_common_options(CLI::App& program, Common& common) {
  program.add_option("--device", common.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  program.add_option("--precision", common.precision, "auto, fp32, tf32, bf16 or fp16; int8 for what judges on a CPU")
      ->transform(CLI::IsMember({"auto", "fp32", "tf32", "bf16", "fp16", "int8"}, CLI::ignore_case))
      ->capture_default_str();
  program.add_option("--seed", common.seed, "of every random number")->capture_default_str();
  program.add_option("--threads", common.threads, "CPU threads; 0 is one a core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  program.add_flag("--deterministic", common.deterministic,
                   "the same bits every time, for any --threads and any --batch-size of judging, at some cost");
  program.add_flag("--autotune", common.autotune, "time cuDNN's engines at first use: seconds once, then faster steps on a GPU");
  program.add_flag("--no-trials", common.no_trials,
                   "judging on a CPU goes by rules, instead of trying each convolution's algorithms once and keeping the result");
  program.add_flag("--quiet", common.quiet, "no progress, no remarks");
  program.add_flag("--json", common.json, "results as JSON on stdout");
  read_config_by_toml(program);
  program.parse_complete_callback([&program, &common] { begin(program, common); });
}

}  // namespace cudenza
