/// The verbs of the program, one file each. add_X() gives the program its verb X, whose work is done as the command line
/// is parsed; what it throws becomes the exit code (apps/cli/exit_code.h).
#pragma once
#include "apps/cli/common.h"

namespace cudenza {

// `common` is read when the verb runs: it must live as long as the program.
void add_bench(CLI::App& program, const Common& common);
void add_forward(CLI::App& program, const Common& common);
void add_info(CLI::App& program, const Common& common);
void add_train(CLI::App& program, const Common& common);
void add_pretrain(CLI::App& program, const Common& common);
void add_eval(CLI::App& program, const Common& common);
void add_predict(CLI::App& program, const Common& common);
void add_lr_find(CLI::App& program, const Common& common);
void add_reproduce(CLI::App& program, const Common& common);
void add_features(CLI::App& program, const Common& common);
void add_doctor(CLI::App& program, const Common& common);
void add_synth(CLI::App& program, const Common& common);
void add_report(CLI::App& program, const Common& common);
void add_quantize(CLI::App& program, const Common& common);
void add_weights(CLI::App& program, const Common& common);

}  // namespace cudenza
