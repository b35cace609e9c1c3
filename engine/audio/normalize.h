/// Normalisation of spectrograms before a network.
#pragma once
#include <string_view>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

enum class Normalize {
  none,
  global,    ///< (S - mu) / sigma, one pair from the training set
  bin,       ///< the same with one pair per mel band
  clip,      ///< mu and sigma of each clip itself
  imagenet,  ///< each clip's range to 0 … 1, then ImageNet's mean and std of the three channels
};

/// "none", "global", "bin", "clip" or "imagenet". Throws UsageError naming the choices.
Normalize normalize_from_name(std::string_view name);
std::string_view name_of(Normalize);

/// Mean and variance of a training set's spectrograms, gathered batch by batch. With m clips seen and n new ones:
///   mu'  = (m mu + n mu_b) / (m + n)
///   var' = (m var + n var_b) / (m + n) + m n (mu - mu_b)² / (m + n)²
/// for each mel band. The global pair follows from these exactly, since all bands have equally many frames.
class MelStatistics {
 public:
  MelStatistics() = default;
  /// From saved values: clips [1], mean [bands], variance [bands], of any dtype.
  MelStatistics(const Tensor& clips, const Tensor& mean, const Tensor& variance);

  /// mel_db is [n, bands, frames], f32 or f64, on any device. Waits for the device.
  void add(const Tensor& mel_db);
  /// Those of other clips of the same set.
  void add(const MelStatistics& others);

  int64_t clips() const { return clips_; }
  const std::vector<double>& mean() const { return mean_; }          ///< [bands]
  const std::vector<double>& variance() const { return variance_; }  ///< [bands]
  double global_mean() const;
  double global_variance() const;

  /// The constructor's arguments as f64 tensors on the CPU, for the model file.
  Tensor saved_clips() const;
  Tensor saved_mean() const;
  Tensor saved_variance() const;

 private:
  int64_t clips_ = 0;
  std::vector<double> mean_, variance_;
};

}  // namespace cudenza
