/// A training that is given a time instead of a number of epochs.
#pragma once
#include <span>

#include "engine/run/run_files.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// Sets the length of the last phase after each of its epochs by how long that took, so that training, validation included, ends
/// after about so many minutes: at least one epoch, and none that would end more than half an epoch late. The phases before it
/// have their own length. Rates follow the new length from then on, so that they have fallen at the end.
class TimePlan {
 public:
  TimePlan(double minutes, Trainer& trainer) : seconds_(60 * minutes), trainer_(trainer) {}
  /// `history` holds all epochs of the run, also those before it was resumed.
  void after_epoch(std::span<const EpochRow> history);

 private:
  double seconds_;
  Trainer& trainer_;
};

}  // namespace cudenza
