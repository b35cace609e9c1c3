/// Metrics of a classifier, computed from its scores and the labels, in double, on the CPU.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cudenza {

/// A network's output for N clips. Scores are logits or probabilities; a function's parameter name says which.
struct Scored {
  std::span<const double> scores;   ///< [N, classes]
  std::span<const int64_t> labels;  ///< [N], each in [0, classes)
  int64_t classes = 0;

  int64_t count() const { return static_cast<int64_t>(labels.size()); }
  std::span<const double> row(int64_t n) const { return scores.subspan(static_cast<size_t>(n * classes), classes); }
  /// Throws UsageError naming what is wrong: sizes, a label out of range, a score that is NaN or infinite.
  void check() const;
};

struct Interval {
  double low = 0, high = 1;
};

/// Wilson's score interval of a proportion (Wilson, JASA 22, 1927; without continuity correction), 95 % by default:
/// (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n). For n = 0 it is [0, 1].
Interval wilson_interval(int64_t successes, int64_t n, double z = 1.959963984540054);

struct Proportion {
  int64_t successes = 0, count = 0;
  double value() const;  ///< NaN if count is 0
  Interval interval() const { return wilson_interval(successes, count); }
};

/// The class with the highest score of each clip; the first of equal ones. [N]
std::vector<int64_t> predicted_classes(const Scored&);
Proportion accuracy(const Scored&);
/// Clips whose label is among the k highest scores. A tie counts against the label, so k = 1 equals accuracy() except for ties.
Proportion top_k_accuracy(const Scored&, int64_t k);

/// counts[actual][predicted]
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t classes) : classes_(classes), counts_(static_cast<size_t>(classes * classes)) {}

  int64_t classes() const { return classes_; }
  int64_t& at(int64_t actual, int64_t predicted) { return counts_[static_cast<size_t>(actual * classes_ + predicted)]; }
  int64_t at(int64_t actual, int64_t predicted) const { return counts_[static_cast<size_t>(actual * classes_ + predicted)]; }
  int64_t actual(int64_t c) const;     ///< clips of class c
  int64_t predicted(int64_t c) const;  ///< clips predicted as class c
  Proportion accuracy() const;
  bool operator==(const ConfusionMatrix&) const = default;

 private:
  int64_t classes_;
  std::vector<int64_t> counts_;
};
ConfusionMatrix confusion_matrix(std::span<const int64_t> labels, std::span<const int64_t> predicted, int64_t classes);

struct ClassScore {
  Proportion precision;  ///< of the clips predicted as it, those that are
  Proportion recall;     ///< of its clips, those predicted as it; recall.count is the support
  double f1 = 0;         ///< 2 tp / (2 tp + fp + fn); NaN for a class without clips and predictions
};
std::vector<ClassScore> class_scores(const ConfusionMatrix&);
/// Mean over the classes whose f1 is not NaN, as scikit-learn's f1_score(average="macro") has it: a class without clips counts as
/// 0 if some were taken for it, and not at all if none were.
double macro_f1(std::span<const ClassScore>);

struct Confusion {
  int64_t actual = 0, predicted = 0, count = 0;
  bool operator==(const Confusion&) const = default;
};
/// Confusions made at least `at_least` times, the most frequent first; equal ones in the order of the classes.
std::vector<Confusion> most_confused(const ConfusionMatrix&, int64_t at_least = 1);

/// softmax(logits / temperature) of each row, [N, classes].
std::vector<double> softmax(const Scored& logits, double temperature = 1);
/// Logs of probabilities, usable as logits; probabilities below 1e-38 count as 1e-38. [N, classes]
std::vector<double> logs_of(const Scored& probabilities);

struct ClipLoss {
  int64_t clip = 0, label = 0, predicted = 0;
  double probability = 0;  ///< of `predicted`
  double loss = 0;         ///< -log of the probability of `label`
};
/// The `most` clips with the highest cross entropy, the highest first; equal ones in the order of the clips.
std::vector<ClipLoss> top_losses(const Scored& probabilities, int64_t most);

/// Cross entropy: mean of -log of the probability of the label.
double negative_log_likelihood(const Scored& probabilities);

/// Clips whose highest probability lies in (k/bins, (k+1)/bins], as in Guo et al. (ICML 2017).
struct ReliabilityBin {
  int64_t count = 0, correct = 0;
  double confidence = 0;  ///< mean highest probability; NaN for an empty bin
};
std::vector<ReliabilityBin> reliability(const Scored& probabilities, int bins = 15);
/// Sum over the bins of |accuracy - confidence|, weighted by their share of the clips.
double expected_calibration_error(std::span<const ReliabilityBin>);

/// The T > 0 that minimises the cross entropy of softmax(logits / T) (temperature scaling: Guo et al. 2017), to a relative 1e-9,
/// between 1/50 and 50. Logs of probabilities serve as logits. Accuracy does not change. Returns 1 if all clips are right (the
/// cross entropy then falls as T falls, without a minimum) or if there is no clip.
double fit_temperature(const Scored& logits);
/// Probabilities made softer or sharper: p^(1/T), rows summing to 1. [N, classes]
std::vector<double> at_temperature(const Scored& probabilities, double temperature);

}  // namespace cudenza
