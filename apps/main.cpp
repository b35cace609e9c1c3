#include "apps/cli/common.h"
#include "apps/cli/exit_code.h"
#include "apps/cli/option_checks.h"
#include "apps/cli/output.h"
#include "apps/cli/process.h"
#include "apps/study/build_info.h"
#include "apps/verbs/verbs.h"
#include "engine/parallel/launch.h"

int main(int argc, char** argv) {
  using namespace cudenza;
  prepare_standard_streams();
  prepare_process();
  const int rank = launch_of_environment().rank;
  if (rank > 0) silence_stdout();
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
  add_pretrain(program, common);
  add_eval(program, common);
  add_predict(program, common);
  add_lr_find(program, common);
  add_reproduce(program, common);
  add_features(program, common);
  add_doctor(program, common);
  add_synth(program, common);
  add_report(program, common);
  add_quantize(program, common);
  add_weights(program, common);
  require_finite_numbers(program);
  const int exit_code = run(program, argc, argv, rank);
  common.ranks->leave(exit_code);
  return end_process(exit_code);
}
