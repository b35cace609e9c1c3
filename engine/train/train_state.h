/// Where a run stands, in the file that also holds its network: group "train" of last.h5.
#pragma once
#include "engine/io/hdf5_file.h"
#include "engine/train/trainer.h"

namespace cudenza {

/// Position, smoothed loss, random generator, optimizer and averaged weights: everything besides the network's own tensors.
void write_train_state(Hdf5File&, const Trainer&, const Generator&);
/// Lets the trainer and the generator go on from there. Throws DataError where the file's state is of another network, recipe
/// or optimizer.
void read_train_state(const Hdf5File&, Trainer&, Generator&);

}  // namespace cudenza
