#include "apps/cli/config_file.h"
#include "apps/cli/exit_code.h"
#include "apps/cli/option_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/process.h"
#include "apps/study/build_info.h"
#include "apps/verbs/verbs.h"

namespace cudenza {

void add_common_options(CLI::App& program, Common& common) {
  program.add_option("--device", common.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  program.add_option("--precision", common.precision, "auto, fp32, tf32, bf16 or fp16")
      ->check(CLI::IsMember({"auto", "fp32", "tf32", "bf16", "fp16"}, CLI::ignore_case))
      ->capture_default_str();
  program.add_option("--seed", common.seed, "of every random number")->capture_default_str();
  program.add_option("--threads", common.threads, "CPU threads; 0 is one a core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  program.add_flag("--deterministic", common.deterministic,
                   "the same bits every time, for any --threads and any --batch-size of judging, at some cost");
  program.add_flag("--autotune", common.autotune, "time cuDNN's engines at first use: seconds once, then faster steps on a GPU");
  program.add_flag("--quiet", common.quiet, "no progress, no remarks");
  program.add_flag("--json", common.json, "results as JSON on stdout");
  read_config_by_toml(program);
  program.parse_complete_callback([&common] { start_threads(common.threads, common.quiet); });
}

}  // namespace cudenza

int main(int argc, char** argv) {
  using namespace cudenza;
  prepare_standard_streams();
  prepare_process();
  CLI::App program("A CUDA deep-learning engine that listens", "cudenza");
  program.set_version_flag("--version", std::string(build_info().version));
  program.require_subcommand(1);
  program.fallthrough();
  Common common;
  add_common_options(program, common);
  add_bench(program, common);
  add_forward(program, common);
  add_info(program, common);
  add_train(program, common);
  add_eval(program, common);
  add_predict(program, common);
  add_lr_find(program, common);
  add_reproduce(program, common);
  add_features(program, common);
  add_doctor(program, common);
  add_synth(program, common);
  add_report(program, common);
  add_weights(program, common);
  require_finite_numbers(program);
  return end_process(run(program, argc, argv));
}
