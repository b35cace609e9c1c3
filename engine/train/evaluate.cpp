#include "engine/train/evaluate.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/libraries/math_mode.h"
#include "engine/ops/cast.h"
#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

/// Mean over each row's views of the softmax of their logits [rows·views, classes]. In double, so that small probabilities
/// keep a finite logarithm.
std::vector<double> mean_over_views(const Tensor& logits, int views) {
  std::vector<double> each = logits.to_vector<double>();
  const auto classes = static_cast<size_t>(logits.size(1));
  for (size_t begin = 0; begin < each.size(); begin += classes) {
    const auto row = std::span(each).subspan(begin, classes);
    const double highest = *std::ranges::max_element(row);
    double sum = 0;
    for (double& v : row) sum += v = std::exp(v - highest);
    for (double& v : row) v /= sum;
  }
  if (views == 1) return each;
  std::vector<int> row(static_cast<size_t>(logits.size(0)));
  for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<int>(i) / views;
  return mean_by_group(each, row, static_cast<int>(row.size()) / views);
}

/// Logits whose softmax gives these probabilities.
Tensor logs_of(std::span<const double> probabilities, const Shape& shape, Device device) {
  std::vector<float> logs;
  for (const double p : probabilities) logs.push_back(static_cast<float>(std::log(std::max(p, 1e-300))));
  return Tensor::from(logs, shape).to(device);
}

std::vector<double> evaluate_batch(Prepared& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  const Tensor logits = network(input.plain(rows));
  const std::vector<double> plain = mean_over_views(logits, input.views());
  if (spec.tta == 0) return plain;
  const Tensor variants = cast(network(input.variants(rows, spec.tta)), DType::f32);
  const Shape shape{static_cast<int64_t>(rows.size()), logits.size(1)};
  return tta_probabilities(logs_of(plain, shape, input.device()), variants, spec.join).to_vector<double>();
}

/// The rows of this rank, from batch to batch, among all of them.
Share own_rows(int64_t count, int64_t batch, Ranks* ranks) {
  if (!ranks) return {0, count};
  const Share batches = ranks->share((count + batch - 1) / batch);
  const int64_t begin = std::min(batches.begin * batch, count);
  return {begin, std::min((batches.begin + batches.count) * batch, count) - begin};
}

/// The probabilities of all rows, of which this rank has computed its own: a sum with zeros.
void gather(std::vector<double>& own, const Share& share, int64_t count, Ranks& ranks) {
  double classes = share.count == 0 ? 0 : static_cast<double>(own.size()) / static_cast<double>(share.count);
  classes = ranks.of_first(classes);  // a rank without rows does not know; the first has rows wherever there are any
  const auto width = static_cast<int64_t>(classes);
  const Tensor all = Tensor::zeros({count, width}, DType::f64);
  std::ranges::copy(own, all.data<double>() + share.begin * width);
  ranks.sum(all);
  const auto values = all.span<double>();
  own.assign(values.begin(), values.end());
}

}  // namespace

std::vector<double> evaluate(Module& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  Prepared prepared(network);
  return evaluate(prepared, input, rows, spec);
}

std::vector<double> evaluate(Prepared& network, Input& input, std::span<const int64_t> rows, const EvaluateSpec& spec) {
  const NoGrad no_grad;
  std::vector<double> all;
  // All passes of a batch run as one, so more passes mean fewer rows. Rounding in libraries depends on the batch's shape.
  const int64_t batch =
      math_mode().deterministic ? 1 : std::max<int64_t>(1, spec.batch_size / std::max({1, spec.tta, input.views()}));
  const auto count = static_cast<int64_t>(rows.size());
  const Share own = own_rows(count, batch, spec.ranks);
  for (int64_t done = 0; done < own.count; done += batch) {
    const auto part = rows.subspan(static_cast<size_t>(own.begin + done), static_cast<size_t>(std::min(batch, own.count - done)));
    const std::vector<double> p = evaluate_batch(network, input, part, spec);
    if (!std::ranges::all_of(p, [](double value) { return std::isfinite(value); }))
      throw NotFiniteError(
          "the network gives probabilities that are no numbers: its weights are damaged, or its training diverged; train it "
          "again "
          "with a lower `lr`");
    all.insert(all.end(), p.begin(), p.end());
    const int64_t of_own = done + static_cast<int64_t>(part.size());
    if (spec.progress && !spec.progress(of_own * count / own.count)) throw Stopped("evaluation was stopped");
  }
  if (spec.ranks && !spec.ranks->is_alone()) gather(all, own, count, *spec.ranks);
  return all;
}

std::vector<double> mean_by_group(std::span<const double> values, std::span<const int> group, int groups) {
  const size_t classes = group.empty() ? 0 : values.size() / group.size();
  std::vector<double> sum(static_cast<size_t>(groups) * classes);
  std::vector<int> members(static_cast<size_t>(groups));
  for (size_t i = 0; i < group.size(); ++i) {
    const auto g = static_cast<size_t>(group[i]);
    ++members.at(g);
    for (size_t c = 0; c < classes; ++c) sum[g * classes + c] += values[i * classes + c];
  }
  for (size_t i = 0; i < sum.size(); ++i) sum[i] /= std::max(1, members[i / classes]);
  return sum;
}

}  // namespace cudenza
