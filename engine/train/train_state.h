/// A run's training state, saved beside the network: group "train" of last.h5.
#pragma once
#include "engine/io/hdf5_file.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// Whether a tensor of Trainer::state() holds numbers, which must be finite; false for the counters and flags of the
/// optimizer's kernels.
bool holds_numbers(std::string_view name);

/// Writes position, smoothed loss, random generator, optimizer and averaged weights: everything but the network's own
/// tensors. Throws DataError if a number is not finite.
void write_train_state(Hdf5File&, const Trainer&, const Generator&);
/// Restores trainer and generator. Throws DataError and leaves them unchanged if the state belongs to another network,
/// recipe, optimizer or seed, its position does not exist in this trainer, or a number is not finite. Throws UsageError if it is
/// of another number of ranks, and the result depends on that.
void read_train_state(const Hdf5File&, Trainer&, Generator&);
/// The last phase's number of epochs when it was written: for runs that plan it by the clock. Throws DataError.
int saved_epochs(const Hdf5File&);

}  // namespace cudenza
