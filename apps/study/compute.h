/// Where and in what arithmetic to compute.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/device.h"
#include "engine/core/dtype.h"
#include "engine/core/ranks.h"

namespace cudenza {

struct Compute {
  std::string device = "auto";     ///< auto (a GPU if there is one), cpu, cuda or cuda:N
  std::string precision = "auto";  ///< auto, fp32, tf32, bf16, fp16 or int8
  uint64_t seed = 42;              ///< of every random number
  bool deterministic = false;      ///< the same bits every time, for any number of threads, at some cost
  bool autotune = false;           ///< time cuDNN's engines at first use
  bool trials = false;             ///< in inference on a CPU: try each convolution's algorithms at its first use

  /// The processes that share the work, this one among them: all are given the same options, and call the same functions.
  std::shared_ptr<Ranks> ranks = std::make_shared<Ranks>();

  /// Of several ranks each takes the GPU of its number on its machine. Throws UsageError for a name that means no device, or one
  /// GPU for several ranks; DeviceError for one that is not there.
  Device chosen_device() const;
};

/// The element type that `precision` stands for, `automatic` where it is auto. Sets the process's MathMode: whether libraries may
/// take TF32 for f32, and what `deterministic`, `autotune` and `trials` say. Throws UsageError for what the device does not
/// compute, and for int8, which has a function of its own.
DType chosen_type(const Compute&, Device, DType automatic);
/// The same for training and judging, which take bf16 for auto where the device multiplies it (a GPU; AVX512-BF16 or AMX), else
/// f32. Pictures are made in this type.
DType study_type(const Compute&, Device);

/// The same where `precision` is int8: the type of what is not computed in bytes, bf16 where the CPU multiplies it, else f32.
/// Throws UsageError on a GPU.
DType type_beside_int8(const Compute&, Device);

}  // namespace cudenza
