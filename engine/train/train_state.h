/// Where a run stands, in the file that also holds its network: group "train" of last.h5.
#pragma once
#include "engine/io/hdf5_file.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// Whether a tensor of Trainer::state() holds numbers, which must be finite, and not counters and flags of the optimizer's
/// kernels.
bool holds_numbers(std::string_view name);

/// Position, smoothed loss, random generator, optimizer and averaged weights: everything besides the network's own tensors.
/// Throws DataError for numbers that are not finite.
void write_train_state(Hdf5File&, const Trainer&, const Generator&);
/// Lets the trainer and the generator go on from there. Throws DataError, and leaves them as they are, where the file's state is
/// of another network, recipe, optimizer or seed, is at a place that this trainer does not have, or holds numbers that are not
/// finite.
void read_train_state(const Hdf5File&, Trainer&, Generator&);

}  // namespace cudenza
