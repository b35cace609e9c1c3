/// What kernels are profiled on (kernels/simt/profiler.h): the op cases at their benchmark's shapes with a smaller batch, and
/// what is no op. Convolutions and matrix products are left out: libraries compute them.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "tests/support/traffic.h"

namespace cudenza::testing {

/// Work that is about to be done.
struct Prepared {
  Traffic needed;  ///< bytes that must pass by the equation; 0: not known
  std::function<void()> run;
};

struct Workload {
  std::string name;  ///< "max_pool2d/k2/backward/bf16"
  std::function<Prepared()> prepare;
};

/// All of them; their names are distinct.
std::vector<Workload> workloads();

// What it is put together from.
void add_op_workloads(std::vector<Workload>&);
void add_training_workloads(std::vector<Workload>&);  ///< optimizers, sums of gradients, what batches are made of
void add_sound_workloads(std::vector<Workload>&);     ///< augmentation, transforms, spectrograms, pictures
void add_rare_workloads(std::vector<Workload>&);   ///< kernels that none of those runs: for some shapes, or before a network runs
void add_naive_workloads(std::vector<Workload>&);  ///< the first versions of some, to compare with

}  // namespace cudenza::testing
