/// Pictures in an HDF5 file to a network's logits in another, for holding a network against another framework's.
#pragma once
#include <cstdint>
#include <filesystem>

#include "apps/study/compute.h"
#include "apps/study/network_choice.h"
#include "apps/study/observer.h"

namespace cudenza {

struct ForwardChoice {
  NetworkChoice network;
  bool classes_given = false;     ///< network.classes counts; otherwise as many are taken as the weights have
  std::filesystem::path weights;  ///< an HDF5 file, or one of another program
  std::filesystem::path input;    ///< pictures: /x, f32 [N,3,H,W] or [N,1,H,W]; with `gradients` /dy too, f32 [N,classes]
  std::filesystem::path output;   ///< to be written: /logits, f32 [N,classes]
  bool folded = false;            ///< batch norms folded into the convolutions before them
  bool gradients = false;         ///< a training step's passes, without dropout, and every parameter's gradient
  int64_t batch_size = 32;
};

struct ForwardReport {
  Device device;
  DType dtype;
  int64_t pictures = 0;
  double seconds = 0;  ///< that the network took
};

/// Computes in f32 unless `precision` says otherwise. Throws DataError if a file cannot be used, UsageError if `output` is
/// another's.
ForwardReport write_logits(const ForwardChoice&, const Compute&, Observer&);

}  // namespace cudenza
