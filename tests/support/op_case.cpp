#include "tests/support/op_case.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <random>

#include "engine/autograd/node.h"

namespace cudenza::testing {
namespace {

DType dtype_for(const Input& input, DType dtype) {
  if (input.fill == Fill::labels) return DType::i64;
  if (input.is_fixed) return input.fixed;
  return input.accumulator ? accumulator_of(dtype) : dtype;
}

/// So many numbers are drawn at most, and repeated: a prime, so that they meet all places in registers and cache lines.
constexpr int64_t kMostDrawn = 1'000'003;

std::vector<double> repeated(const std::vector<double>& values, int64_t count) {
  std::vector<double> all;
  all.reserve(static_cast<size_t>(count));
  while (std::ssize(all) < count)
    all.insert(all.end(), values.begin(), values.begin() + std::min(std::ssize(values), count - std::ssize(all)));
  return all;
}

/// The first kMostDrawn of the input's values.
std::vector<double> values_for(const Input& input, std::mt19937_64& random) {
  std::vector<double> values(static_cast<size_t>(std::min(input.shape.numel(), kMostDrawn)));
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> positive(0.5, 1.5);
  switch (input.fill) {
    case Fill::normal:
      for (double& v : values) v = normal(random);
      break;
    case Fill::positive:
      for (double& v : values) v = positive(random);
      break;
    case Fill::labels:
      for (double& v : values) v = static_cast<double>(random() % static_cast<uint64_t>(input.classes));
      break;
    case Fill::zeros: break;
    case Fill::distinct: {
      // Odd multiples of a step that is a power of two: exact in f32, and in bf16 for up to 256 values.
      std::iota(values.begin(), values.end(), 0.0);
      std::shuffle(values.begin(), values.end(), random);
      const double middle = static_cast<double>(values.size() / 2), step = values.size() > 256 ? 0x1p-8 : 0x1p-6;
      for (double& v : values) v = (2 * (v - middle) + 1) * step;
    }
  }
  return values;
}

}  // namespace

Cost one_pass_each_way(const std::vector<Input>& bench, DType dtype) {
  const double bytes = static_cast<double>(bench[0].shape.numel()) * static_cast<double>(size_of(dtype));
  const Traffic pass{.read = bytes, .written = bytes};
  return {.forward = pass, .backward = pass};
}

OpCase with_special(OpCase op_case, const std::vector<Shape>& shapes) {
  for (const Shape& shape : shapes) {
    op_case.special.push_back(op_case.inputs);
    for (Input& input : op_case.special.back()) input.shape = shape;
  }
  return op_case;
}

std::vector<Tensor> make_inputs(const std::vector<Input>& specs, DType dtype) {
  std::mt19937_64 random(20260);
  std::vector<Tensor> inputs;
  for (const Input& spec : specs)
    inputs.push_back(Tensor::from(repeated(values_for(spec, random), spec.shape.numel()), spec.shape).to(dtype_for(spec, dtype)));
  return inputs;
}

std::vector<Tensor> converted(const std::vector<Tensor>& inputs, const std::vector<Input>& specs, DType dtype) {
  std::vector<Tensor> out;
  for (size_t i = 0; i < inputs.size(); ++i) out.push_back(inputs[i].to(dtype_for(specs[i], dtype)).clone());
  return out;
}

std::vector<Tensor> moved(const std::vector<Tensor>& inputs, Device device) {
  std::vector<Tensor> out;
  for (const Tensor& input : inputs) out.push_back(device == input.device() ? input.clone() : input.to(device));
  return out;
}

std::vector<Input> with_batch(std::vector<Input> specs, int64_t batch) {
  const int64_t before = specs[0].shape[0];
  for (Input& spec : specs) {
    if (spec.shape.rank() == 0) continue;
    std::vector<int64_t> extents(spec.shape.begin(), spec.shape.end());
    const bool several = extents.size() > 1 && !spec.accumulator && extents[0] % before == 0;
    if (extents[0] != before && !several) continue;
    extents[0] = extents[0] / before * batch;
    spec.shape = Shape(extents);
  }
  return specs;
}

double bytes_of(const std::vector<Tensor>& tensors) {
  double bytes = 0;
  for (const Tensor& t : tensors) bytes += t.defined() ? static_cast<double>(t.bytes()) : 0;
  return bytes;
}

std::vector<Tensor> walk_back(const Tensor& y, const Tensor& dy) {
  std::shared_ptr<Node> node = y.variable()->node;
  std::vector<Tensor> gradients = node->backward(dy, {});
  while (node->inputs.size() == 1 && node->inputs[0] && node->inputs[0]->node) {
    node = node->inputs[0]->node;
    gradients = node->backward(gradients[0], {});
  }
  return gradients;
}

std::vector<Tensor> misaligned(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> out;
  for (const Tensor& input : inputs) {
    out.push_back(Tensor::empty({input.numel() + 1}, input.dtype()).slice(1, input.shape()));
    out.back().copy_from(input);
  }
  return out;
}

std::vector<double> output_weights(int64_t count) {
  std::mt19937_64 random(77);
  std::normal_distribution<double> normal;
  std::vector<double> weights(static_cast<size_t>(std::min(count, kMostDrawn)));
  for (double& w : weights) w = normal(random);
  return repeated(weights, count);
}

std::string in_letters(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

Outcome run_case(const OpCase& op_case, const std::vector<Tensor>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (op_case.has_gradient && op_case.inputs[i].differentiable && is_floating(inputs[i].dtype()))
      inputs[i].set_requires_grad(true);
  }
  Outcome outcome;
  const std::vector<Tensor> results = op_case.run(inputs);
  for (const Tensor& result : results) outcome.results.push_back(result.detach());
  if (!op_case.has_gradient) return outcome;
  const Tensor& y = results.at(0);
  y.backward(Tensor::from(output_weights(y.numel()), y.shape()).to(y.dtype()).to(y.device()));
  for (const Tensor& input : inputs) {
    if (!input.requires_grad()) continue;
    require(input.grad().defined(), "{}: an input marked differentiable got no gradient", op_case.name);
    outcome.gradients.push_back(input.grad());
  }
  return outcome;
}

}  // namespace cudenza::testing
