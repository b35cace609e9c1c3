#include "engine/run/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeast = 1e-38;  // lowest probability: about what a float can hold

int64_t highest(std::span<const double> row) { return std::ranges::max_element(row) - row.begin(); }

/// log sum exp(beta z), and the mean of z under softmax(beta z).
struct Softened {
  double log_sum, mean;
};

Softened softened(std::span<const double> z, double beta) {
  const double most = *std::ranges::max_element(z);
  double sum = 0, weighted = 0;
  for (const double value : z) {
    const double e = std::exp(beta * (value - most));
    sum += e;
    weighted += e * value;
  }
  return {beta * most + std::log(sum), weighted / sum};
}

/// Derivative of the cross entropy of softmax(beta z) by beta. It rises with beta: the cross entropy is convex.
double slope(const Scored& logits, double beta) {
  double sum = 0;
  for (int64_t n = 0; n < logits.count(); ++n) {
    const auto z = logits.row(n);
    sum += softened(z, beta).mean - z[static_cast<size_t>(logits.labels[n])];
  }
  return sum;
}

}  // namespace

void Scored::check() const {
  require(classes > 0, "metrics: {} classes; at least one is needed", classes);
  require(static_cast<int64_t>(scores.size()) == count() * classes,
          "metrics: {} scores for {} clips of {} classes; expected [N, classes]", scores.size(), count(), classes);
  for (int64_t n = 0; n < count(); ++n) {
    require(labels[n] >= 0 && labels[n] < classes, "metrics: clip {} has label {}, but there are {} classes", n, labels[n],
            classes);
    for (const double score : row(n)) require(std::isfinite(score), "metrics: clip {} has a score of {}", n, score);
  }
}

Interval wilson_interval(int64_t successes, int64_t n, double z) {
  if (n <= 0) return {0, 1};
  const double p = static_cast<double>(successes) / static_cast<double>(n), per_n = 1 / static_cast<double>(n), zz = z * z;
  const double centre = p + zz / 2 * per_n, reach = z * std::sqrt(p * (1 - p) * per_n + zz / 4 * per_n * per_n);
  const double shrink = 1 / (1 + zz * per_n);
  return {std::max(0.0, (centre - reach) * shrink), std::min(1.0, (centre + reach) * shrink)};
}

double Proportion::value() const { return count > 0 ? static_cast<double>(successes) / static_cast<double>(count) : kNaN; }

std::vector<int64_t> predicted_classes(const Scored& scored) {
  scored.check();
  std::vector<int64_t> predicted(scored.labels.size());
  for (int64_t n = 0; n < scored.count(); ++n) predicted[n] = highest(scored.row(n));
  return predicted;
}

Proportion accuracy(const Scored& scored) {
  return confusion_matrix(scored.labels, predicted_classes(scored), scored.classes).accuracy();
}

Proportion top_k_accuracy(const Scored& scored, int64_t k) {
  scored.check();
  require(k >= 1, "top_k_accuracy: k is {}; at least 1 is needed", k);
  Proportion found{0, scored.count()};
  for (int64_t n = 0; n < scored.count(); ++n) {
    const auto row = scored.row(n);
    const double own = row[static_cast<size_t>(scored.labels[n])];
    const auto ahead = std::ranges::count_if(row, [&](double score) { return score >= own; }) - 1;  // without itself
    found.successes += ahead < k;
  }
  return found;
}

int64_t ConfusionMatrix::actual(int64_t c) const {
  int64_t sum = 0;
  for (int64_t p = 0; p < classes_; ++p) sum += at(c, p);
  return sum;
}

int64_t ConfusionMatrix::predicted(int64_t c) const {
  int64_t sum = 0;
  for (int64_t a = 0; a < classes_; ++a) sum += at(a, c);
  return sum;
}

Proportion ConfusionMatrix::accuracy() const {
  Proportion right{0, std::accumulate(counts_.begin(), counts_.end(), int64_t{0})};
  for (int64_t c = 0; c < classes_; ++c) right.successes += at(c, c);
  return right;
}

ConfusionMatrix confusion_matrix(std::span<const int64_t> labels, std::span<const int64_t> predicted, int64_t classes) {
  require(labels.size() == predicted.size(), "confusion_matrix: {} labels, but {} predictions", labels.size(), predicted.size());
  ConfusionMatrix matrix(classes);
  for (size_t n = 0; n < labels.size(); ++n) {
    require(std::min(labels[n], predicted[n]) >= 0 && std::max(labels[n], predicted[n]) < classes,
            "confusion_matrix: clip {} is {}, taken for {}, but there are {} classes", n, labels[n], predicted[n], classes);
    ++matrix.at(labels[n], predicted[n]);
  }
  return matrix;
}

std::vector<ClassScore> class_scores(const ConfusionMatrix& matrix) {
  std::vector<ClassScore> scores;
  for (int64_t c = 0; c < matrix.classes(); ++c) {
    const int64_t hits = matrix.at(c, c), actual = matrix.actual(c), predicted = matrix.predicted(c);
    const double f1 = actual + predicted > 0 ? 2.0 * static_cast<double>(hits) / static_cast<double>(actual + predicted) : kNaN;
    scores.push_back({.precision = {hits, predicted}, .recall = {hits, actual}, .f1 = f1});
  }
  return scores;
}

double macro_f1(std::span<const ClassScore> scores) {
  double sum = 0;
  int64_t count = 0;
  for (const ClassScore& score : scores) {
    if (!std::isnan(score.f1)) sum += score.f1, ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : kNaN;
}

std::vector<Confusion> most_confused(const ConfusionMatrix& matrix, int64_t at_least) {
  std::vector<Confusion> all;
  for (int64_t a = 0; a < matrix.classes(); ++a) {
    for (int64_t p = 0; p < matrix.classes(); ++p) {
      const int64_t count = matrix.at(a, p);
      if (a != p && count >= std::max<int64_t>(at_least, 1)) all.push_back({a, p, count});
    }
  }
  std::ranges::stable_sort(all, std::greater(), &Confusion::count);
  return all;
}

std::vector<double> softmax(const Scored& logits, double temperature) {
  logits.check();
  require(temperature > 0, "softmax: the temperature is {}; it must be above 0", temperature);
  std::vector<double> probabilities(logits.scores.size());
  for (int64_t n = 0; n < logits.count(); ++n) {
    const auto z = logits.row(n);
    const double log_sum = softened(z, 1 / temperature).log_sum;
    for (size_t c = 0; c < z.size(); ++c)
      probabilities[static_cast<size_t>(n) * z.size() + c] = std::exp(z[c] / temperature - log_sum);
  }
  return probabilities;
}

std::vector<double> logs_of(const Scored& probabilities) {
  probabilities.check();
  std::vector<double> logs(probabilities.scores.size());
  std::ranges::transform(probabilities.scores, logs.begin(), [](double p) { return std::log(std::max(p, kLeast)); });
  return logs;
}

std::vector<ClipLoss> top_losses(const Scored& probabilities, int64_t most) {
  const std::vector<double> logs = logs_of(probabilities);
  std::vector<ClipLoss> all(probabilities.labels.size());
  for (int64_t n = 0; n < probabilities.count(); ++n) {
    const auto row = probabilities.row(n);
    const int64_t label = probabilities.labels[n], predicted = highest(row);
    all[n] = {.clip = n,
              .label = label,
              .predicted = predicted,
              .probability = row[static_cast<size_t>(predicted)],
              .loss = -logs[static_cast<size_t>(n * probabilities.classes + label)]};
  }
  std::ranges::stable_sort(all, std::greater(), &ClipLoss::loss);
  all.resize(std::min(all.size(), static_cast<size_t>(std::max<int64_t>(most, 0))));
  return all;
}

double negative_log_likelihood(const Scored& probabilities) {
  double sum = 0;
  for (const ClipLoss& clip : top_losses(probabilities, probabilities.count())) sum += clip.loss;
  return probabilities.count() > 0 ? sum / static_cast<double>(probabilities.count()) : kNaN;
}

std::vector<ReliabilityBin> reliability(const Scored& probabilities, int bins) {
  probabilities.check();
  require(bins > 0, "reliability: {} bins; at least one is needed", bins);
  std::vector<ReliabilityBin> table(static_cast<size_t>(bins));
  for (int64_t n = 0; n < probabilities.count(); ++n) {
    const auto row = probabilities.row(n);
    const int64_t predicted = highest(row);
    const double confidence = row[static_cast<size_t>(predicted)];
    // The intervals include their upper ends: with five bins 0.2 lies in the first.
    const int k = std::clamp(static_cast<int>(std::ceil(confidence * bins)) - 1, 0, bins - 1);
    ReliabilityBin& bin = table[static_cast<size_t>(k)];
    ++bin.count;
    bin.correct += predicted == probabilities.labels[n];
    bin.confidence += confidence;
  }
  for (ReliabilityBin& bin : table) bin.confidence = bin.count > 0 ? bin.confidence / static_cast<double>(bin.count) : kNaN;
  return table;
}

double expected_calibration_error(std::span<const ReliabilityBin> table) {
  double sum = 0, clips = 0;
  for (const ReliabilityBin& bin : table) {
    if (bin.count == 0) continue;
    sum += std::abs(static_cast<double>(bin.correct) - bin.confidence * static_cast<double>(bin.count));
    clips += static_cast<double>(bin.count);
  }
  return clips > 0 ? sum / clips : kNaN;
}

double fit_temperature(const Scored& logits) {
  logits.check();
  constexpr double kLow = 1.0 / 50, kHigh = 50;  // of beta = 1 / T
  // If every label has the highest score of its row, the slope is negative for all beta: no finite beta is best.
  const Proportion right = top_k_accuracy(logits, 1);
  if (right.successes == right.count) return 1;
  const bool falls_at_first = slope(logits, kLow)<0, rises_at_last = slope(logits, kHigh)> 0;
  if (!falls_at_first) return rises_at_last ? 1 / kLow : 1;  // 1: rows of equal logits, which no T changes
  if (!rises_at_last) return 1 / kHigh;
  double low = kLow, high = kHigh;
  while (high / low - 1 > 1e-9) {  // halves the ratio: 35 steps at most
    const double middle = std::sqrt(low * high);
    (slope(logits, middle) < 0 ? low : high) = middle;
  }
  return 1 / std::sqrt(low * high);
}

std::vector<double> at_temperature(const Scored& probabilities, double temperature) {
  if (temperature == 1) return {probabilities.scores.begin(), probabilities.scores.end()};
  return softmax({logs_of(probabilities), probabilities.labels, probabilities.classes}, temperature);
}

}  // namespace cudenza
