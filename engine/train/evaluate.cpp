#include "engine/train/evaluate.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

/// Row-major [pictures, classes], in double so that improbable classes keep a finite logarithm.
struct Probabilities {
  std::vector<double> values;
  int64_t classes = 0;
};

void softmax_in_place(std::span<double> row) {
  const double highest = *std::ranges::max_element(row);
  double sum = 0;
  for (double& v : row) sum += v = std::exp(v - highest);
  for (double& v : row) v /= sum;
}

Probabilities probabilities_of(Module& network, const Tensor& x) {
  const Tensor logits = network(x);
  Probabilities p{logits.to_vector<double>(), logits.size(1)};
  for (int64_t n = 0; n < logits.size(0); ++n) softmax_in_place(std::span(p.values).subspan(n * p.classes, p.classes));
  return p;
}

/// y[b,c] = the mean over p[i] of those `count` pictures i that belong to row b: i = b·row_stride + k·step.
std::vector<double> mean_of(const Probabilities& p, int64_t rows, int64_t count, int64_t row_stride, int64_t step) {
  std::vector<double> y(static_cast<size_t>(rows * p.classes));
  for (int64_t b = 0; b < rows; ++b) {
    for (int64_t k = 0; k < count; ++k) {
      for (int64_t c = 0; c < p.classes; ++c) {
        y[b * p.classes + c] += p.values[(b * row_stride + k * step) * p.classes + c] / static_cast<double>(count);
      }
    }
  }
  return y;
}

void join_max(std::span<double> plain, const Probabilities& passes, int64_t rows, int n) {
  for (int64_t b = 0; b < rows; ++b) {
    const auto row = plain.subspan(b * passes.classes, passes.classes);
    double sum = 0;
    for (int64_t c = 0; c < passes.classes; ++c) {
      for (int k = 0; k < n; ++k) row[c] = std::max(row[c], passes.values[(k * rows + b) * passes.classes + c]);
      sum += row[c];
    }
    for (double& v : row) v /= sum;
  }
}

std::vector<double> evaluate_batch(Module& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  const auto count = static_cast<int64_t>(rows.size());
  const Probabilities each = probabilities_of(network, input.plain(rows));
  std::vector<double> plain = mean_of(each, count, input.views(), input.views(), 1);
  if (spec.tta == 0) return plain;
  const Probabilities passes = probabilities_of(network, input.variants(rows, spec.tta));
  if (spec.mode == TtaMode::max) {
    join_max(plain, passes, count, spec.tta);
    return plain;
  }
  const std::vector<double> augmented = mean_of(passes, count, spec.tta, 1, count);
  const double beta = spec.mode == TtaMode::blend ? spec.beta : 1.0 / (spec.tta + 1);
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = (1 - beta) * augmented[i] + beta * plain[i];
  return plain;
}

/// Evaluation mode for as long as it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(Module& network) : network_(network), was_training_(network.training()) { network_.train(false); }
  ~EvaluationMode() { network_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Module& network_;
  bool was_training_;
};

}  // namespace

std::vector<double> evaluate(Module& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  const NoGrad no_grad;
  const EvaluationMode mode(network);
  std::vector<double> all;
  // All passes of a batch run as one: fewer rows at once where there are many.
  const int64_t batch = std::max<int64_t>(1, spec.batch_size / std::max({1, spec.tta, input.views()}));
  const auto count = static_cast<int64_t>(rows.size());
  for (int64_t done = 0; done < count; done += batch) {
    const auto part = rows.subspan(static_cast<size_t>(done), static_cast<size_t>(std::min(batch, count - done)));
    const std::vector<double> p = evaluate_batch(network, input, part, spec);
    all.insert(all.end(), p.begin(), p.end());
    if (spec.progress && !spec.progress(done + static_cast<int64_t>(part.size()))) throw Stopped("evaluation was stopped");
  }
  return all;
}

std::vector<double> mean_by_group(std::span<const double> values, std::span<const int> group, int groups) {
  const size_t classes = group.empty() ? 0 : values.size() / group.size();
  std::vector<double> mean(static_cast<size_t>(groups) * classes);
  std::vector<int> members(static_cast<size_t>(groups));
  for (const int g : group) ++members.at(static_cast<size_t>(g));
  for (size_t i = 0; i < group.size(); ++i) {
    for (size_t c = 0; c < classes; ++c) mean[group[i] * classes + c] += values[i * classes + c] / members[group[i]];
  }
  return mean;
}

}  // namespace cudenza
