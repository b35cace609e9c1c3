/// model_card.json of a run, from what the run was.
#pragma once
#include "apps/study/compute.h"
#include "apps/study/judge_run.h"
#include "apps/study/train_options.h"
#include "engine/run/model_card.h"

namespace cudenza {

struct RunFacts {
  const Model& model;
  const LabelledRows& data;
  const Judgement& judged;
  const Recipe& recipe;
  const TrainOptions& options;
  const Compute& compute;
  Device device;
  DType dtype;
  const std::vector<Phase>& phases;
  const std::vector<EpochRow>& history;
  int best_epoch;
  double seconds;
};
ModelCard card_of(const RunFacts&);

/// The recipe's values by the names of their options.
Facts facts_of(const Recipe&);
Facts facts_of(const InputSpec&);

}  // namespace cudenza
