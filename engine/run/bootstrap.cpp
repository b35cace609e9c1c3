#include "engine/run/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/core/error.h"
#include "kernels/common/philox.h"

namespace cudenza {
namespace {

/// For each track, sorted by name, the clips that each model has of it.
using ClipsOfTrack = std::vector<std::vector<size_t>>;

std::vector<ClipsOfTrack> clips_by_track(std::span<const Answers> models) {
  std::map<std::string, ClipsOfTrack> tracks;
  for (size_t m = 0; m < models.size(); ++m) {
    const Answers& of = models[m];
    require(of.labels.size() == of.tracks.size() && of.predicted.size() == of.tracks.size(),
            "macro_f1_interval: {} labels and {} predictions for {} clips", of.labels.size(), of.predicted.size(),
            of.tracks.size());
    for (size_t clip = 0; clip < of.tracks.size(); ++clip) {
      ClipsOfTrack& clips = tracks[of.tracks[clip]];
      clips.resize(models.size());
      clips[m].push_back(clip);
    }
  }
  std::vector<ClipsOfTrack> sorted;
  for (auto& [name, clips] : tracks) sorted.push_back(std::move(clips));
  return sorted;
}

/// n tracks of n, with replacement: draw i is word i % 4 of block i / 4 of the stream (seed, resample), times n / 2^32.
std::vector<size_t> drawn_tracks(size_t n, uint64_t seed, int resample) {
  const kernels::RandomStream stream{.seed = seed, .op = static_cast<uint32_t>(resample), .step = nullptr};
  std::vector<size_t> drawn(n);
  kernels::Random4 words{};
  for (size_t i = 0; i < n; ++i) {
    if (i % 4 == 0) words = kernels::random4(stream, i / 4);
    drawn[i] = static_cast<size_t>(uint64_t{words.word[i % 4]} * n >> 32);
  }
  return drawn;
}

/// The value below which a share q of the sorted values lies, between two of them by a straight line (numpy's percentile).
double quantile(const std::vector<double>& sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Mean macro F1 of the models on these tracks; of those that have a clip of them.
double mean_macro_f1(std::span<const Answers> models, const std::vector<ClipsOfTrack>& tracks, std::span<const size_t> drawn) {
  double sum = 0;
  int count = 0;
  for (size_t m = 0; m < models.size(); ++m) {
    ConfusionMatrix matrix(models[m].classes);
    for (const size_t track : drawn) {
      for (const size_t clip : tracks[track][m]) ++matrix.at(models[m].labels[clip], models[m].predicted[clip]);
    }
    const double f1 = macro_f1(class_scores(matrix));
    if (!std::isnan(f1)) sum += f1, ++count;
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double macro_f1(const Answers& answers) {
  return macro_f1(class_scores(confusion_matrix(answers.labels, answers.predicted, answers.classes)));
}

Interval macro_f1_interval(std::span<const Answers> models, const Bootstrap& bootstrap) {
  require(bootstrap.resamples > 0, "macro_f1_interval: {} resamples; at least one is needed", bootstrap.resamples);
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (const Answers& one : models) confusion_matrix(one.labels, one.predicted, one.classes);  // checks the classes
  const std::vector<ClipsOfTrack> tracks = clips_by_track(models);
  std::vector<double> values;
  for (int resample = 0; resample < bootstrap.resamples && !tracks.empty(); ++resample) {
    const double value = mean_macro_f1(models, tracks, drawn_tracks(tracks.size(), bootstrap.seed, resample));
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return {kNaN, kNaN};
  std::ranges::sort(values);
  return {quantile(values, 0.025), quantile(values, 0.975)};
}

}  // namespace cudenza
