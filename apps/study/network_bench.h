/// How fast a network trains and infers, and in how much memory, on made-up pictures.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "apps/study/compute.h"

namespace cudenza {

struct NetworkBench {
  std::string arch;
  bool training = false;  ///< steps of forward, loss, backward and SGD; else forward passes
  int64_t batch_size = 0;
  int image_size = 224;
  double seconds = 3;  ///< to spend on steps of the steady state, about
  bool folded = true;  ///< in inference: batch norms folded into the convolutions
};

struct BenchResult {
  /// On a GPU, of a step in the steady state.
  struct PerStep {
    double replays = 0, allocations = 0, synchronisations = 0, host_copies = 0;
  };
  Device device;
  DType dtype = DType::f32;
  bool int8 = false;                        ///< in bytes, and in dtype what is not
  double seconds_median = 0;                ///< of one step
  size_t peak_bytes = 0;                    ///< that tensors held
  size_t reserved_bytes = 0;                ///< that the driver held for them; 0 on the CPU
  size_t planned_bytes = 0;                 ///< in inference on the CPU: of the block for a pass's arrays
  int64_t process_peak_bytes = 0;           ///< resident, of the process so far; in int8 since the calibration
  std::optional<double> first_step_s = {};  ///< in training: from the start of the process to the end of the first step
  std::optional<PerStep> per_step = {};
};

/// Computes in f32 unless `precision` says otherwise. In int8 a network of random weights is calibrated on its own pictures: that
/// tells its speed, and nothing of its accuracy.
BenchResult time_network(const NetworkBench&, const Compute&);

}  // namespace cudenza
