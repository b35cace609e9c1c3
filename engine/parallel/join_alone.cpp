/// A cudenza without MPI.
#include "engine/parallel/join.h"

namespace cudenza {

std::shared_ptr<Ranks> join(const Launch& launch) {
  require(launch.size == 1,
          "this is one of {} processes of an MPI launcher, but this cudenza was built without MPI; install MPI (Debian: "
          "libopenmpi-dev) and build anew, or start it without mpirun",
          launch.size);
  return std::make_shared<Ranks>();
}

std::string parallel_library() { return "none"; }

}  // namespace cudenza
