#include "apps/cli/common.h"

#include "apps/cli/config_file.h"
#include "apps/cli/process.h"

namespace cudenza {

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
  program.parse_complete_callback([&common] { start_threads(common.threads, common.quiet); });
}

}  // namespace cudenza
