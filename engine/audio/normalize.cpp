#include "engine/audio/normalize.h"

#include <numeric>

#include "engine/core/dispatch.h"
#include "engine/core/name_table.h"
#include "kernels/normalize/normalize.h"

namespace cudenza {
namespace {

constexpr NameTable kNames("normalisation", {std::pair{Normalize::none, "none"},
                                             {Normalize::global, "global"},
                                             {Normalize::bin, "bin"},
                                             {Normalize::clip, "clip"},
                                             {Normalize::imagenet, "imagenet"}});

/// Moments of every row of x, [n·bands, 4] on the CPU: mean, squared deviations, minimum, maximum.
std::vector<double> moments_of(const Tensor& x) {
  const Tensor moments = Tensor::empty({x.size(0) * x.size(1), 4}, x.dtype(), x.device());
  on_device(x.device(), [&](auto where) {
    const auto measure = [&]<class T>(auto how) {
      kernels::row_moments(how, x.data<T>(), static_cast<const T*>(nullptr),
                           reinterpret_cast<kernels::Moments<T>*>(moments.data<T>()), x.size(0), x.size(1), x.size(2));
    };
    if constexpr (std::is_same_v<decltype(where), kernels::Cpu>) {
      if (x.dtype() == DType::f64) return measure.template operator()<double>(kernels::Reference{});
    }
    measure.template operator()<float>(where);
  });
  return moments.to_vector<double>();
}

}  // namespace

Normalize normalize_from_name(std::string_view name) { return kNames.value_of(name); }
std::string_view name_of(Normalize normalize) { return kNames.name_of(normalize); }

MelStatistics::MelStatistics(const Tensor& clips, const Tensor& mean, const Tensor& variance)
    : clips_(static_cast<int64_t>(clips.item())), mean_(mean.to_vector<double>()), variance_(variance.to_vector<double>()) {
  require(mean_.size() == variance_.size() && !mean_.empty() && clips_ > 0,
          "normalise: saved statistics need one mean and one variance a band, but have {} and {} over {} clips", mean_.size(),
          variance_.size(), clips_);
}

void MelStatistics::add(const Tensor& mel_db) {
  require(mel_db.shape().rank() == 3 && mel_db.numel() > 0, "normalise: spectrograms must be [clips, bands, frames], but are {}",
          mel_db.shape());
  const auto bands = static_cast<size_t>(mel_db.size(1));
  require(clips_ == 0 || bands == mean_.size(), "normalise: the statistics are of {} mel bands, the spectrograms {} have {}",
          mean_.size(), mel_db.shape(), bands);
  const std::vector<double> moments = moments_of(mel_db);
  const double n = static_cast<double>(mel_db.size(0)), frames = static_cast<double>(mel_db.size(2));
  MelStatistics batch;
  batch.clips_ = mel_db.size(0);
  for (size_t b = 0; b < bands; ++b) {
    double mean = 0, variance = 0;
    for (size_t row = b; row < moments.size() / 4; row += bands) mean += moments[4 * row] / n;
    for (size_t row = b; row < moments.size() / 4; row += bands) {
      variance += (moments[4 * row + 1] / frames + (moments[4 * row] - mean) * (moments[4 * row] - mean)) / n;
    }
    batch.mean_.push_back(mean), batch.variance_.push_back(variance);
  }
  add(batch);
}

void MelStatistics::add(const MelStatistics& others) {
  if (clips_ == 0) {
    *this = others;
    return;
  }
  require(others.mean_.size() == mean_.size(), "normalise: statistics of {} mel bands cannot be added to those of {}",
          others.mean_.size(), mean_.size());
  const double m = static_cast<double>(clips_), n = static_cast<double>(others.clips_);
  for (size_t b = 0; b < mean_.size(); ++b) {
    const double apart = mean_[b] - others.mean_[b];
    variance_[b] = (m * variance_[b] + n * others.variance_[b]) / (m + n) + m * n * apart * apart / ((m + n) * (m + n));
    mean_[b] = (m * mean_[b] + n * others.mean_[b]) / (m + n);
  }
  clips_ += others.clips_;
}

double MelStatistics::global_mean() const {
  require(clips_ > 0, "normalise: no training clip has been measured yet; add() some first");
  return std::accumulate(mean_.begin(), mean_.end(), 0.0) / static_cast<double>(mean_.size());
}

double MelStatistics::global_variance() const {
  const double middle = global_mean();
  double sum = 0;
  for (size_t b = 0; b < mean_.size(); ++b) sum += variance_[b] + (mean_[b] - middle) * (mean_[b] - middle);
  return sum / static_cast<double>(mean_.size());
}

Tensor MelStatistics::saved_clips() const { return Tensor::full({1}, static_cast<double>(clips_), DType::f64); }
Tensor MelStatistics::saved_mean() const { return Tensor::from(mean_, {static_cast<int64_t>(mean_.size())}); }
Tensor MelStatistics::saved_variance() const { return Tensor::from(variance_, {static_cast<int64_t>(variance_.size())}); }

}  // namespace cudenza
