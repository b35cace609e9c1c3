#include "engine/train/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/autograd/node.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/softmax_xent.h"

namespace cudenza {
namespace {

/// Mean over each row's views of the softmax of their logits [rows·views, classes].
std::vector<float> mean_over_views(const Tensor& logits, int views) {
  const std::vector<float> each = softmax(cast(logits, DType::f32)).to_vector<float>();
  if (views == 1) return each;
  std::vector<int> row(static_cast<size_t>(logits.size(0)));
  for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<int>(i) / views;
  return mean_by_group(each, row, static_cast<int>(row.size()) / views);
}

/// Logits that give these probabilities.
Tensor logs_of(std::span<const float> probabilities, const Shape& shape, Device device) {
  std::vector<float> logs;
  for (const float p : probabilities) logs.push_back(std::log(std::max(p, std::numeric_limits<float>::min())));
  return Tensor::from(logs, shape).to(device);
}

std::vector<float> evaluate_batch(Module& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  const Tensor logits = network(input.plain(rows));
  const std::vector<float> plain = mean_over_views(logits, input.views());
  if (spec.tta == 0) return plain;
  const Tensor variants = cast(network(input.variants(rows, spec.tta)), DType::f32);
  const Shape shape{static_cast<int64_t>(rows.size()), logits.size(1)};
  return tta_probabilities(logs_of(plain, shape, input.device()), variants, spec.join).to_vector<float>();
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

std::vector<float> evaluate(Module& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  const NoGrad no_grad;
  const EvaluationMode mode(network);
  std::vector<float> all;
  // All passes of a batch run as one: fewer rows at once where there are many.
  const int64_t batch = std::max<int64_t>(1, spec.batch_size / std::max({1, spec.tta, input.views()}));
  const auto count = static_cast<int64_t>(rows.size());
  for (int64_t done = 0; done < count; done += batch) {
    const auto part = rows.subspan(static_cast<size_t>(done), static_cast<size_t>(std::min(batch, count - done)));
    const std::vector<float> p = evaluate_batch(network, input, part, spec);
    all.insert(all.end(), p.begin(), p.end());
    if (spec.progress && !spec.progress(done + static_cast<int64_t>(part.size()))) throw Stopped("evaluation was stopped");
  }
  return all;
}

std::vector<float> mean_by_group(std::span<const float> values, std::span<const int> group, int groups) {
  const size_t classes = group.empty() ? 0 : values.size() / group.size();
  std::vector<double> sum(static_cast<size_t>(groups) * classes);
  std::vector<int> members(static_cast<size_t>(groups));
  for (size_t i = 0; i < group.size(); ++i) {
    const auto g = static_cast<size_t>(group[i]);
    ++members.at(g);
    for (size_t c = 0; c < classes; ++c) sum[g * classes + c] += values[i * classes + c];
  }
  std::vector<float> mean(sum.size());
  for (size_t i = 0; i < sum.size(); ++i) mean[i] = static_cast<float>(sum[i] / std::max(1, members[i / classes]));
  return mean;
}

}  // namespace cudenza
