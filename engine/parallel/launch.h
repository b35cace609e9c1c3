/// How this process was started: alone, or by mpirun or srun as one of several.
#pragma once
#include <functional>
#include <string_view>

namespace cudenza {

struct Launch {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;  ///< on this machine
  bool operator==(const Launch&) const = default;
};

/// What an environment variable says; null if it is not set.
using Environment = std::function<const char*(const char* name)>;

/// By the variables that launchers set: Open MPI's mpirun, MPICH's and Intel's (PMI), and srun with pmi2 or pmix. The variables
/// of a batch job alone (sbatch) mean nothing: what runs in its script was not started by srun. No library is asked.
Launch launch_of(const Environment&);
/// Whether srun has started several, but tells MPI nothing of it (--mpi=none): each would do all the work.
bool srun_hides_others(const Environment&);

/// By this process's own environment.
Launch launch_of_environment();
bool srun_hides_others();

}  // namespace cudenza
