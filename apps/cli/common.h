/// The options that all verbs share; they may stand before or after the verb.
#pragma once
#include <CLI/CLI.hpp>

#include "apps/study/compute.h"

namespace cudenza {

struct Common : Compute {
  int threads = 0;  ///< 0: one a core
  bool quiet = false, json = false, no_trials = false;

  /// For verbs that infer alone: with trials, unless --no-trials stands there.
  Compute for_inference() const {
    Compute compute = *this;
    compute.trials = !no_trials;
    return compute;
  }
};

/// Gives the program these options, and reads --config. When the command line has been read, the threads are started, and what
/// mpirun or srun has started joins the others: for the verbs whose work can be shared. The first process does the others alone.
void add_common_options(CLI::App& program, Common&);

}  // namespace cudenza
