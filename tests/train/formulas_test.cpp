/// What the Trainer makes of mixup, freezing, accumulation and weight averages, against the formulas written out. (The ops
/// themselves: tests/ops/mixup_test.cpp, tta_test.cpp; fastai's rates: phases_test.cpp; test-time passes: evaluate_test.cpp.)
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/ops/mixup.h"
#include "engine/ops/softmax_xent.h"
#include "engine/train/trainer.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

using Values = std::map<std::string, std::vector<double>>;  // by a tensor's name

const Recipe kSgd{.plan = Plan::constant,
                  .epochs = 1,
                  .lr = 0.1,
                  .batch_size = 4,
                  .optimizer = OptimizerKind::sgd,
                  .weight_decay = 0,
                  .fixed_order = true};

/// One epoch's losses.
std::vector<double> train_epoch(Trainer& trainer) {
  std::vector<double> losses;
  trainer.run_epoch([&](const Trainer::Step& step) {
    losses.push_back(step.loss);
    return true;
  });
  return losses;
}

Values values_of(const Toy& toy) {
  Values values;
  for (const auto& [name, tensor] : toy.net.state_dict()) values[name] = tensor.to_vector<double>();
  return values;
}

/// The network of a second toy takes over the values of the first.
void copy_state(const Toy& from, const Toy& to) {
  const auto source = from.net.state_dict(), target = to.net.state_dict();
  for (size_t i = 0; i < source.size(); ++i) target[i].tensor.copy_from(source[i].tensor);
}

Tensor labels_of(int64_t first, int64_t count) {
  std::vector<int64_t> labels;
  for (int64_t row = first; row < first + count; ++row) labels.push_back(row % 2);
  return Tensor::from(labels, {count});
}

/// Rows [first, first + count) as training sees them in this epoch.
Tensor pictures(Toy& toy, int64_t first, int64_t count, uint32_t epoch) {
  std::vector<int64_t> rows;
  for (int64_t row = first; row < first + count; ++row) rows.push_back(row);
  return toy.input.training({Tensor::from(rows, {count}), Tensor::from(std::vector{epoch}, {1})});
}

/// The gradient of the loss that `forward` gives, for every parameter of the toy.
template <class F> Values gradients_of(const Toy& toy, F&& forward) {
  for (const NamedTensor& p : toy.net.named_parameters())
    p.tensor.set_requires_grad(true).set_grad(Tensor::zeros(p.tensor.shape(), DType::f32));
  forward().backward();
  Values gradients;
  for (const NamedTensor& p : toy.net.named_parameters()) gradients[p.name] = p.tensor.grad().to_vector<double>();
  return gradients;
}

Values gradients_of_rows(Toy& toy, int64_t first, int64_t count, uint32_t epoch) {
  return gradients_of(
      toy, [&] { return softmax_cross_entropy(toy.net(pictures(toy, first, count, epoch)), labels_of(first, count)); });
}

/// Every parameter is p - lr g, with the learning rate that `lr_of` gives to its name.
template <class F> void expect_step(const Values& now, const Values& before, const Values& gradients, F&& lr_of) {
  for (const auto& [name, g] : gradients) {
    for (size_t i = 0; i < g.size(); ++i)
      EXPECT_NEAR(now.at(name)[i], before.at(name)[i] - lr_of(name) * g[i], 1e-6) << name << ' ' << i;
  }
}

TEST(TrainerFormula, MixupBlendsPicturesAndLosses) {
  Recipe recipe = kSgd;
  recipe.mixup = 0.4;
  recipe.batch_size = 8;
  Toy toy({.rows = 8}), formula({.rows = 8});
  Trainer trainer = toy.trainer(recipe);
  const Values before = values_of(toy);
  const double loss = train_epoch(trainer).at(0);

  const Tensor x = pictures(formula, 0, 8, 0), labels = labels_of(0, 8);
  const MixedLabels drawn = mixup(x, labels, recipe.mixup, *formula.random).labels;  // for its lambda and partner alone
  const auto lambda = drawn.lambda.to_vector<double>(), from = x.to_vector<double>();
  const auto partner = drawn.partner.to_vector<int64_t>();
  std::vector<float> blended, targets;
  for (size_t n = 0; n < 8; ++n) {
    const auto other = static_cast<size_t>(partner[n]);
    for (size_t c = 0; c < 4; ++c)
      blended.push_back(static_cast<float>(from[4 * other + c] + lambda[n] * (from[4 * n + c] - from[4 * other + c])));
    for (size_t k = 0; k < 2; ++k)
      targets.push_back(static_cast<float>((n % 2 == k ? lambda[n] : 0) + (other % 2 == k ? 1 - lambda[n] : 0)));
  }
  const auto mixed_loss = [&] {
    return soft_cross_entropy(formula.net(Tensor::from(blended, x.shape())), Tensor::from(targets, {8, 2}));
  };
  EXPECT_NEAR(loss, mixed_loss().item(), 1e-6);
  EXPECT_GT(std::abs(loss - softmax_cross_entropy(formula.net(x), labels).item()), 1e-3);  // it did mix
  expect_step(values_of(toy), before, gradients_of(formula, mixed_loss), [](const std::string&) { return 0.1; });
}

bool is_norm(const std::string& name) { return name.starts_with("bn"); }
int group_of(const std::string& name) { return name.starts_with("head") ? 2 : name[2] - '1'; }  // fc1, bn1 | fc2, bn2 | head

TEST(TrainerFormula, FrozenBodyKeepsItsWeightsAndItsNormsGoOn) {
  Recipe recipe = kSgd;
  recipe.plan = Plan::fine_tune;
  Toy toy({.rows = 4}), formula({.rows = 4});
  Trainer trainer = toy.trainer(recipe);

  Values before = values_of(toy);
  copy_state(toy, formula);
  Values gradients = gradients_of_rows(formula, 0, 4, 0);
  train_epoch(trainer);  // one batch: the head at lr / 25, norms below it at a tenth of that
  Values now = values_of(toy);
  expect_step(now, before, gradients, [](const std::string& name) {
    if (group_of(name) == 2) return 0.1 / 25;
    return is_norm(name) ? 0.01 / 25 : 0.0;
  });
  for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) EXPECT_EQ(now[name], before[name]) << name;

  before = now;
  copy_state(toy, formula);
  gradients = gradients_of_rows(formula, 0, 4, 1);
  train_epoch(trainer);  // unfrozen, begun without momentum: lr / 2 / 5 at the head, in equal ratios to a hundredth of that
  expect_step(values_of(toy), before, gradients,
              [](const std::string& name) { return 0.1 / 2 / 5 * std::pow(10.0, group_of(name) - 2); });
}

TEST(TrainerFormula, FrozenBodysRunningStatisticsMove) {
  Recipe recipe = kSgd;
  recipe.plan = Plan::fine_tune;
  Toy toy({.rows = 4});
  Trainer trainer = toy.trainer(recipe);
  const Values before = values_of(toy);
  train_epoch(trainer);
  const Values now = values_of(toy);
  const auto x = pictures(toy, 0, 4, 0).to_vector<double>();
  for (size_t k = 0; k < 8; ++k) {  // bn1 sees y = W x + b
    double sum = 0, squares = 0;
    for (size_t n = 0; n < 4; ++n) {
      double y = before.at("fc1.bias")[k];
      for (size_t c = 0; c < 4; ++c) y += before.at("fc1.weight")[4 * k + c] * x[4 * n + c];
      sum += y, squares += y * y;
    }
    const double mean = sum / 4, unbiased = (squares - 4 * mean * mean) / 3;
    EXPECT_NEAR(now.at("bn1.running_mean")[k], 0.1 * mean, 1e-6);
    EXPECT_NEAR(now.at("bn1.running_var")[k], 0.9 + 0.1 * unbiased, 1e-6);
  }
}

/// Five batches in threes: two steps, the second of the two that are left; SGD's momentum and the average move once a step.
TEST(TrainerFormula, AccumulationStepsOnTheMeanOfEachGroup) {
  Recipe recipe = kSgd;
  recipe.accumulate = 3;
  recipe.ema = 0.8;
  Toy toy({.rows = 20}), formula({.rows = 20});
  Trainer trainer = toy.trainer(recipe);
  Values average = values_of(formula), momentum;
  for (int64_t begin = 0; begin < 5; begin += 3) {
    const int64_t end = std::min<int64_t>(begin + 3, 5);
    Values mean;
    for (int64_t batch = begin; batch < end; ++batch) {
      for (const auto& [name, g] : gradients_of_rows(formula, 4 * batch, 4, 0)) {
        mean[name].resize(g.size());
        for (size_t i = 0; i < g.size(); ++i) mean[name][i] += g[i] / static_cast<double>(end - begin);
      }
    }
    for (const auto& [name, p] : formula.net.named_parameters()) {
      momentum[name].resize(mean[name].size());
      for (size_t i = 0; i < mean[name].size(); ++i) {
        momentum[name][i] = 0.9 * momentum[name][i] + mean[name][i];
        p.span<float>()[i] -= static_cast<float>(0.1 * momentum[name][i]);
        const double newest = begin == 0 ? 1 : 1 / 1.8;  // the second of two weighs 1, the first 0.8
        average[name][i] += newest * (static_cast<double>(p.span<float>()[i]) - average[name][i]);
      }
    }
  }
  train_epoch(trainer);
  const auto expect_near = [&](const Values& expected) {
    const Values now = values_of(toy);
    for (const auto& [name, p] : toy.net.named_parameters()) {
      for (size_t i = 0; i < expected.at(name).size(); ++i) EXPECT_NEAR(now.at(name)[i], expected.at(name)[i], 2e-6) << name;
    }
  };
  expect_near(values_of(formula));
  const Trainer::Averaged averaged(trainer);
  expect_near(average);
}

}  // namespace
}  // namespace cudenza::testing
