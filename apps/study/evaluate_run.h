/// How well a trained model does on a data set: on the clips of it that the model has not learnt from.
#pragma once
#include <filesystem>
#include <string>

#include "apps/study/compute.h"
#include "apps/study/judge_run.h"
#include "apps/study/observer.h"

namespace cudenza {

struct EvalChoice {
  std::filesystem::path run;               ///< a run's directory, or a model's file
  std::filesystem::path data;              ///< a data set with the model's classes, or some of them
  std::filesystem::path out = {};          ///< a folder for predictions.csv, confusion.csv and the worst mistakes; empty: none
  std::string part = "auto";               ///< auto, each (valid and test), all, train, valid or test: of the run's own split
  std::string split = {}, split_dir = {};  ///< another split than the run's, as in training; empty: the run's own
  bool stress = false;                     ///< sounds: the clips again, altered (stress.h)
  int tta = 0;                             ///< augmented passes joined with the plain one
  TtaSpec join = {};                       ///< how they are joined
  int batch_size = 64;
  int workers = 0;      ///< threads that decode; 0: one a core
  bool strict = false;  ///< a bad file ends it
};

struct Evaluation {
  std::vector<Judgement> parts;  ///< one a part, the most important last
  double temperature = 1;        ///< the model's
  std::vector<StressRow> stress;

  const Judgement& judged() const { return parts.back(); }
};

/// Labels by the model's classes: a data set may lack some of them. Throws DataError if it has others.
void match_classes(Dataset&, const Model&);

/// Judges by the part that was chosen; auto is, of the model's own data, what was kept for a test, or else the clips it was
/// validated on; of other data all that it has not learnt from; with a split of its own what that validates and tests by, without
/// clips that the model learnt from. A file is known again by what it holds. Of several parts the last is written to `out` and
/// put under stress. Throws DataError if no clip is left, or if a class is none of the model's; Stopped where the observer
/// interrupts it.
Evaluation evaluate_run(const EvalChoice&, const Compute&, Observer&);
/// The same for the model of `run`'s file as it is in memory, on the device of Compute.
Evaluation evaluate_model(Model&, const EvalChoice&, const Compute&, Observer&);

}  // namespace cudenza
