#include "apps/study/compute.h"

#include "engine/libraries/cpu_features.h"
#include "engine/libraries/math_mode.h"

namespace cudenza {

Device Compute::chosen_device() const {
  const Device named = Device::from_name(device);
  if (named.is_cpu() || ranks->is_alone()) return named;
  require(device == "auto" || device == "cuda",
          "`device` {} is one GPU, but {} processes need one each: leave it out, or say cuda, and each takes that of its number",
          device, ranks->size());
  return Device::cuda(ranks->local_rank());
}

DType chosen_type(const Compute& compute, Device device, DType automatic) {
  MathMode mode = math_mode();
  mode.tf32_convolutions = mode.tf32_matmuls = compute.precision == "tf32";
  mode.deterministic = compute.deterministic;
  mode.autotune = mode.autotune || compute.autotune;
  mode.trials = compute.trials;
  set_math_mode(mode);
  if (compute.precision == "auto") return automatic;
  if (compute.precision == "fp32") return DType::f32;
  if (compute.precision == "bf16") return DType::bf16;
  if (compute.precision == "fp16") return DType::f16;
  require(compute.precision != "int8",
          "`precision` int8 is for judging (eval, predict, bench infer), not for training; take fp32 or bf16 here");
  require(compute.precision == "tf32", "`precision` is {}; choose auto, fp32, tf32, bf16 or fp16", compute.precision);
  require(device.is_cuda(), "`precision` tf32 is a GPU's; on {} take fp32 or bf16", device);
  return DType::f32;
}

DType study_type(const Compute& compute, Device device) {
  return chosen_type(compute, device, device.is_cuda() || cpu_multiplies_bf16() ? DType::bf16 : DType::f32);
}

DType type_beside_int8(const Compute& compute, Device device) {
  require(device.is_cpu(), "`precision` int8 is a CPU's; on {} take bf16 or fp16, or give `device` cpu", device);
  Compute floats = compute;
  floats.precision = "auto";
  return study_type(floats, device);
}

}  // namespace cudenza
