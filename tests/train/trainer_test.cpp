#include "engine/train/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops/softmax_xent.h"
#include "engine/train/batch_order.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

const Recipe kRecipe{.plan = Plan::one_cycle, .epochs = 3, .lr = 0.02, .batch_size = 4};

/// Everything that a run leaves behind, bit for bit.
std::vector<std::vector<float>> result_of(Toy& toy, const Trainer& trainer) {
  std::vector<std::vector<float>> all;
  for (const auto& [name, tensor] : toy.net.state_dict()) all.push_back(tensor.to_vector<float>());
  for (const auto& [name, tensor] : trainer.state()) all.push_back(tensor.to_vector<float>());
  return all;
}

std::vector<double> train(Trainer& trainer) {
  std::vector<double> losses;
  while (!trainer.done()) {
    trainer.run_epoch([&](const Trainer::Step& step) {
      losses.push_back(step.loss);
      return true;
    });
  }
  return losses;
}

TEST(Trainer, LearnsTheToyTask) {
  Toy toy({});
  Recipe recipe = kRecipe;
  recipe.epochs = 20;
  Trainer trainer = toy.trainer(recipe);
  const auto losses = train(trainer);
  EXPECT_EQ(losses.size(), 20u * 6);
  EXPECT_LT(trainer.smooth_loss(), 0.5 * losses[0]);
}

TEST(Trainer, IsTheSameTwice) {
  Toy a({.drop = 0.3}), b({.drop = 0.3});
  Trainer first = a.trainer(kRecipe), second = b.trainer(kRecipe);
  EXPECT_EQ(train(first), train(second));
  EXPECT_EQ(result_of(a, first), result_of(b, second));
}

/// Copies what a checkpoint holds from one run into another.
void hand_over(Toy& from, const Trainer& trainer, Toy& to, Trainer& resumed) {
  const auto old_state = from.net.state_dict(), new_state = to.net.state_dict();
  for (size_t i = 0; i < old_state.size(); ++i) new_state[i].tensor.copy_from(old_state[i].tensor);
  const auto old_tensors = trainer.state(), new_tensors = resumed.state();
  for (size_t i = 0; i < old_tensors.size(); ++i) new_tensors[i].second.copy_from(old_tensors[i].second);
  to.random->restore(from.random->state());
  resumed.resume(trainer.position(), trainer.smoothing());
}

TEST(Trainer, GoesOnBitForBitFromAnyBatch) {
  Recipe recipe{.plan = Plan::fine_tune, .epochs = 2, .freeze_epochs = 1, .lr = 0.02, .batch_size = 4, .mixup = 0.4, .ema = 0.9};
  Toy whole({.drop = 0.3});
  Trainer undisturbed = whole.trainer(recipe);
  const auto losses = train(undisturbed);
  const auto expected = result_of(whole, undisturbed);
  for (size_t stop = 1; stop < losses.size(); stop += 2) {
    Toy before({.drop = 0.3}), after({.drop = 0.3, .seed = 99});
    Trainer first = before.trainer(recipe), second = after.trainer(recipe);
    size_t steps = 0;
    const auto stop_there = [&](const Trainer::Step&) { return ++steps < stop; };
    while (first.run_epoch(stop_there) && steps < stop) {}
    hand_over(before, first, after, second);
    // The seed of the order is the generator's, which the second run took over with its state.
    Trainer resumed = after.trainer(recipe);
    hand_over(before, first, after, resumed);
    EXPECT_EQ(train(resumed), std::vector(losses.begin() + static_cast<std::ptrdiff_t>(steps), losses.end()))
        << "stopped after " << stop;
    EXPECT_EQ(result_of(after, resumed), expected) << "stopped after " << stop;
  }
}

TEST(Trainer, AccumulatedBatchesMakeOneStepOfTheirMean) {
  Recipe recipe{.plan = Plan::constant,
                .epochs = 1,
                .lr = 0.1,
                .batch_size = 4,
                .accumulate = 3,
                .optimizer = OptimizerKind::sgd,
                .weight_decay = 0,
                .fixed_order = true};
  Toy toy({.rows = 12}), formula({.rows = 12});
  Trainer trainer = toy.trainer(recipe);
  train(trainer);
  // By hand: the mean over three batches of each batch's own loss, and one step p -= lr g.
  std::vector<Tensor> gradients;
  for (int64_t batch = 0; batch < 3; ++batch) {
    const Tensor rows = Tensor::from(std::vector<int64_t>{4 * batch, 4 * batch + 1, 4 * batch + 2, 4 * batch + 3}, {4});
    const Tensor x = formula.input.training({rows, Tensor::from(std::vector<uint32_t>{0}, {1})});
    softmax_cross_entropy(formula.net(x), Tensor::from(std::vector<int64_t>{0, 1, 0, 1}, {4})).backward();
  }
  const auto expected = formula.net.named_parameters(), got = toy.net.named_parameters();
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto p = expected[i].tensor.to_vector<float>(), g = expected[i].tensor.grad().to_vector<float>();
    const auto y = got[i].tensor.to_vector<float>();
    for (size_t k = 0; k < p.size(); ++k) EXPECT_NEAR(y[k], p[k] - 0.1f * g[k] / 3, 1e-6f) << expected[i].name;
  }
}

TEST(Trainer, EvaluatesTheAverageOfTheWeights) {
  Recipe recipe{.plan = Plan::constant, .epochs = 1, .lr = 0.1, .batch_size = 4, .ema = 0.8, .fixed_order = true};
  Toy toy({.rows = 12});
  Trainer trainer = toy.trainer(recipe);
  std::vector<double> sums(toy.net.head.weight.numel());
  double weights_of_sums = 0;
  trainer.run_epoch([&](const Trainer::Step&) {
    const auto w = toy.net.head.weight.to_vector<double>();
    for (size_t i = 0; i < w.size(); ++i) sums[i] = 0.8 * sums[i] + w[i];
    weights_of_sums = 0.8 * weights_of_sums + 1;
    return true;
  });
  const auto weights = toy.net.head.weight.to_vector<float>();
  const auto statistics = [&] {
    std::vector<std::vector<float>> all;
    for (const NamedTensor& buffer : toy.net.named_buffers()) all.push_back(buffer.tensor.to_vector<float>());
    return all;
  };
  const auto trained = statistics();
  {
    const Trainer::Averaged averaged(trainer);
    const auto w = toy.net.head.weight.to_vector<double>();
    for (size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(w[i], sums[i] / weights_of_sums, 1e-6);
    EXPECT_NE(statistics(), trained);
  }
  EXPECT_EQ(statistics(), trained);
  EXPECT_EQ(toy.net.head.weight.to_vector<float>(), weights);
}

TEST(Trainer, StopsWhereTheLossIsNoNumber) {
  Recipe recipe = kRecipe;
  recipe.plan = Plan::constant;
  recipe.optimizer = OptimizerKind::sgd;
  recipe.lr = 1e30;
  Toy toy({});
  Trainer trainer = toy.trainer(recipe);
  try {
    train(trainer);
    FAIL() << "nothing noticed";
  } catch (const DivergedError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("epoch 1, step "), std::string::npos) << message;
    EXPECT_NE(message.find("at learning rate 1e+30"), std::string::npos) << message;
    EXPECT_NE(message.find("`lr`"), std::string::npos) << message;
  }
}

/// Rates of every step from here to the end.
std::vector<double> rates(Trainer& trainer) {
  std::vector<double> all;
  while (!trainer.done()) {
    trainer.run_epoch([&](const Trainer::Step& step) {
      all.push_back(step.lr);
      return true;
    });
  }
  return all;
}

TEST(Trainer, GoesOnWithAnotherNumberOfEpochsAsTheLongerRunWould) {
  Recipe shorter{.plan = Plan::fine_tune, .epochs = 2, .freeze_epochs = 1, .lr = 0.02, .batch_size = 4}, longer = shorter;
  longer.epochs = 4;
  Toy a({}), b({});
  Trainer stopped = a.trainer(shorter), whole = b.trainer(longer);
  const std::vector<double> expected = rates(whole);
  for (int epoch = 0; epoch < 2; ++epoch) stopped.run_epoch([](const Trainer::Step&) { return true; });
  stopped.set_epochs(4);
  EXPECT_EQ(stopped.epochs(), 5);
  const std::vector<double> rest = rates(stopped);
  ASSERT_EQ(rest.size(), 3u * 6);
  EXPECT_TRUE(std::ranges::equal(rest, std::span(expected).last(rest.size())));
}

TEST(Trainer, AFinishedRunHasMoreToDoWithMoreEpochs) {
  Recipe recipe = kRecipe;
  Toy toy({});
  Trainer trainer = toy.trainer(recipe);
  train(trainer);
  trainer.set_epochs(3);
  EXPECT_TRUE(trainer.done());
  trainer.set_epochs(5);
  EXPECT_EQ(trainer.position(), (Trainer::Position{.phase = 0, .epoch_of_phase = 3, .batch = 0, .epoch = 3}));
  EXPECT_EQ(train(trainer).size(), 2u * 6);
  EXPECT_THROW(trainer.set_epochs(4), UsageError);
  EXPECT_TRUE(trainer.done());
}

TEST(Trainer, EndsWhereFewerEpochsAreTrainedAlready) {
  Toy toy({});
  Trainer trainer = toy.trainer(kRecipe);
  for (int epoch = 0; epoch < 2; ++epoch) trainer.run_epoch([](const Trainer::Step&) { return true; });
  EXPECT_THROW(trainer.set_epochs(1), UsageError);
  EXPECT_FALSE(trainer.done());
  trainer.set_epochs(2);
  EXPECT_TRUE(trainer.done());
}

TEST(Trainer, RefusesAnotherLengthOfARoundThatIsOver) {
  Recipe recipe = kRecipe;
  recipe.epochs = 1, recipe.rounds = 2;
  Toy toy({});
  Trainer trainer = toy.trainer(recipe);
  trainer.run_epoch([](const Trainer::Step&) { return true; });
  EXPECT_THROW(trainer.set_epochs(2), UsageError);
}

TEST(Trainer, DropsTheLastShortBatchAndKeepsASmallSetWhole) {
  EXPECT_EQ(batches_per_epoch(10, 4), 2);
  EXPECT_EQ(batches_per_epoch(3, 4), 1);
  EXPECT_EQ(batches_per_epoch(0, 4), 0);
  Toy toy({.rows = 3});
  Recipe recipe = kRecipe;
  recipe.epochs = 1;
  Trainer trainer = toy.trainer(recipe);
  EXPECT_EQ(train(trainer).size(), 1u);
}

TEST(BatchOrder, IsAPermutationOfSeedAndEpochAlone) {
  std::vector<int64_t> rows(100);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(3 * i);
  const auto order = shuffled(rows, 1, 0);
  EXPECT_EQ(order, shuffled(rows, 1, 0));
  EXPECT_NE(order, shuffled(rows, 1, 1));
  EXPECT_NE(order, shuffled(rows, 2, 0));
  auto sorted = order;
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted, rows);
}

/// Every row is equally likely in every place: mean positions over many epochs.
TEST(BatchOrder, IsFair) {
  const std::vector<int64_t> rows{0, 1, 2, 3, 4};
  double counts[5][5] = {};
  constexpr int kEpochs = 5000;
  for (uint32_t epoch = 0; epoch < kEpochs; ++epoch) {
    const auto order = shuffled(rows, 7, epoch);
    for (size_t place = 0; place < 5; ++place) counts[order[place]][place] += 1;
  }
  for (const auto& row : counts) {
    for (const double count : row) EXPECT_NEAR(count / kEpochs, 0.2, 0.03);  // five standard deviations
  }
}

}  // namespace
}  // namespace cudenza::testing
