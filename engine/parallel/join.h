/// Data-parallel training by several processes, one to a GPU or to some cores of a CPU.
///
///   launcher      mpirun or srun starts N times the same program; launch.h reads from the environment which of them this is
///   join()        MPI_Init, where N > 1: what comes back is the seam engine/core/ranks.h, which the rest of the engine knows
///   each batch    rank r computes the pictures, the loss and the gradient of its share of the batch's rows
///   same numbers  random draws are keyed by the place in the whole batch (Generator::set_place), not by rank
///   gradients     are summed over the ranks, weighted by their shares, before the optimizer judges norm and overflow:
///                 between GPUs in buckets that leave while the backward pass goes on (engine/train/gradient_buckets.h)
///   batch norm    statistics of a rank's own rows, or of the whole batch (BatchNormState::together)
///   evaluation    rows are shared out by whole batches, and the probabilities gathered
///   files         rank 0 alone writes and prints; the others read
///   an end        a rank that throws says so and ends all others (Ranks::leave); mpirun does it for one that is killed
///
/// Sums go through one algorithm of ours: each rank adds one part of the buffer, in the order of ranks, and gives it to all. So
/// all ranks have the same bits, in every run, whichever algorithms the MPI library would choose.
#pragma once
#include <memory>

#include "engine/core/ranks.h"
#include "engine/parallel/launch.h"

namespace cudenza {

/// The ranks of this launch; a process alone where it is one, without a call of MPI. Throws UsageError if this cudenza was built
/// without MPI, or with another MPI than the launcher's. To be called once, by the thread that makes all later calls.
std::shared_ptr<Ranks> join(const Launch&);

/// "Open MPI 4.1.4", or "none".
std::string parallel_library();

}  // namespace cudenza
