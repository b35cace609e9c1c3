/// What a session is told of a training's options, and what it tells of its progress.
#pragma once
#include "apps/study/observer.h"
#include "apps/study/train_options.h"
#include "engine/train/session.h"

namespace cudenza {

/// For the run in `options.out`: progress by the batch, a line for each epoch, and epochs by the clock if `minutes` are given.
/// Recipe, trainer and observer must live as long as the session.
Session::Options session_options(const TrainOptions& options, const Recipe&, Trainer&, Observer&);

/// Of several ranks, how they share the work.
void say_ranks(Trainer&, const Recipe&, Observer&);

/// The heading of the epochs' lines.
void say_columns(Observer&);

}  // namespace cudenza
