/// What a run that goes on is made of: its own options, from last.h5, with the changes that it allows.
#pragma once
#include "apps/cli/common.h"
#include "apps/cli/config_file.h"
#include "apps/study/train_options.h"
#include "engine/run/run_identity.h"

namespace cudenza {

struct Resumption {
  Common common;
  TrainOptions options;                 ///< out and resume are the run's directory
  ConfigItems items;                    ///< both, as config.toml says them
  std::optional<RunIdentity> identity;  ///< nothing in a last.h5 by an older version
  std::optional<int> epochs = {};       ///< a round, as last.h5 counts them, where the options may ask for another number

  bool is_begun() const { return epochs.has_value(); }  ///< there is a last.h5
};

/// The options of the run in this directory, which must be one of `verb`. Of those given beside --resume (`given`: items_of() the
/// command line; `shown`: how it is to be shown) epochs, patience, device, threads, workers, deterministic, autotune, no-trials,
/// log-steps, quiet and json are taken; DATA and --split-dir say where the same files and lists lie now. Throws UsageError that
/// names any other whose value is not the run's, or the verb that began the run; DataError if there is no last.h5 or it cannot be
/// read.
Resumption resume_of(const std::string& verb, const std::filesystem::path& run, const Common& shown,
                     std::span<const CLI::ConfigItem> given);

/// The options that a run's directory was begun with and never trained, from its config.toml: it may begin now.
Resumption beginning_of(const std::string& verb, const std::filesystem::path& run, const Common& shown,
                        std::span<const CLI::ConfigItem> given);

}  // namespace cudenza
