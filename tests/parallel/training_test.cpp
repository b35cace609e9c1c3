/// A network trained by several ranks, here threads, beside the same one trained by a process alone.
#include <gtest/gtest.h>

#include <numeric>

#include "engine/io/hdf5_file.h"
#include "engine/train/evaluate.h"
#include "engine/train/lr_finder.h"
#include "engine/train/train_state.h"
#include "engine/train/update_batch_norm.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/thread_ranks.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

using Values = std::vector<std::vector<float>>;

/// All that may differ between places of a batch is on: its order, mixup, dropout, groups that are frozen at first.
Recipe everything() {
  return {.plan = Plan::fine_tune,
          .epochs = 2,
          .freeze_epochs = 1,
          .lr = 0.02,
          .batch_size = 8,
          .max_norm = 1,
          .sync_batch_norm = true,
          .mixup = 0.4,
          .label_smoothing = 0.1};
}

struct Trained {
  std::vector<double> losses;
  Values state;  ///< of the network
};

Trainer trainer_of(Toy& toy, const Recipe& recipe, const std::shared_ptr<Ranks>& ranks) {
  std::vector<int64_t> rows(static_cast<size_t>(toy.input.rows())), labels;
  std::iota(rows.begin(), rows.end(), 0);
  for (const int64_t row : rows) labels.push_back(row % 2);
  return Trainer({.network = toy.net,
                  .groups = toy.groups(),
                  .input = toy.input,
                  .labels = labels,
                  .rows = rows,
                  .random = toy.random,
                  .on_phase = {},
                  .ranks = ranks},
                 recipe);
}

Values values_of(Module& network) {
  Values all;
  for (const auto& [name, tensor] : network.state_dict()) all.push_back(tensor.to_vector<float>());
  return all;
}

Trained train(const Recipe& recipe, const std::shared_ptr<Ranks>& ranks, double drop = 0.3) {
  Toy toy({.drop = drop});
  Trainer trainer = trainer_of(toy, recipe, ranks);
  Trained trained;
  const auto note = [&](const Trainer::Step& step) { return trained.losses.push_back(step.loss), true; };
  while (!trainer.done()) trainer.run_epoch(note);
  const Trainer::Averaged averaged(trainer);
  trained.state = values_of(toy.net);
  return trained;
}

std::vector<Trained> train_together(int size, const Recipe& recipe) {
  std::vector<Trained> all(static_cast<size_t>(size));
  as_ranks(size, [&](const auto& ranks) { all[static_cast<size_t>(ranks->rank())] = train(recipe, ranks); });
  return all;
}

/// Rounding in the sums, over the steps of these few epochs.
constexpr double kRounding = 2e-4;

void expect_as_alone(const Recipe& recipe, int size) {
  SCOPED_TRACE(::testing::Message() << size << " ranks");
  const Trained alone = train(recipe, std::make_shared<Ranks>());
  const std::vector<Trained> together = train_together(size, recipe);
  ASSERT_EQ(alone.losses.size(), together[0].losses.size());
  for (size_t i = 0; i < alone.losses.size(); ++i) EXPECT_NEAR(together[0].losses[i], alone.losses[i], kRounding) << "step " << i;
  for (size_t t = 0; t < alone.state.size(); ++t) {
    for (size_t i = 0; i < alone.state[t].size(); ++i)
      EXPECT_NEAR(together[0].state[t][i], alone.state[t][i], kRounding * (1 + std::abs(alone.state[t][i])));
  }
  for (const Trained& rank : together) {
    EXPECT_EQ(rank.losses, together[0].losses);
    EXPECT_EQ(rank.state, together[0].state);
  }
}

TEST(TrainingByRanks, GivesOneProcessesLosses) {
  for (const int size : {2, 3, 4}) expect_as_alone(everything(), size);
}

TEST(TrainingByRanks, AveragesWeightsAndGroupsOfBatches) {
  Recipe recipe = everything();
  recipe.ema = 0.9;
  recipe.accumulate = 2;
  recipe.batch_size = 5;  // 24 rows: four whole batches, of uneven shares
  expect_as_alone(recipe, 2);
  expect_as_alone(recipe, 3);
}

TEST(TrainingByRanks, AShortOnlyBatchIsShared) {
  Recipe recipe = everything();
  recipe.batch_size = 64;
  expect_as_alone(recipe, 3);
}

TEST(TrainingByRanks, IsTheSameTwice) {
  const auto first = train_together(3, everything()), second = train_together(3, everything());
  EXPECT_EQ(first[0].losses, second[0].losses);
  EXPECT_EQ(first[0].state, second[0].state);
}

TEST(TrainingByRanks, GradientsIn16BitsAreNear) {
  Recipe recipe = everything();
  const Trained alone = train(recipe, std::make_shared<Ranks>());
  recipe.gradient_wire = DType::bf16;
  const auto together = train_together(3, recipe);
  for (size_t i = 0; i < alone.losses.size(); ++i) EXPECT_NEAR(together[0].losses[i], alone.losses[i], 0.02) << "step " << i;
  for (const Trained& rank : together) EXPECT_EQ(rank.state, together[0].state);
  EXPECT_NE(together[0].state, train_together(3, everything())[0].state);
}

TEST(TrainingByRanks, OwnStatisticsBecomeTheirMean) {
  Recipe recipe = everything();
  recipe.sync_batch_norm = false;
  const auto together = train_together(2, recipe);
  EXPECT_EQ(together[0].state, together[1].state);                                 // running statistics among them
  EXPECT_NE(together[0].losses, train(recipe, std::make_shared<Ranks>()).losses);  // of half a batch, hence the option
}

TEST(TrainingByRanks, RefusesABatchOfFewerClipsThanRanks) {
  Recipe recipe = everything();
  recipe.batch_size = 2;
  expect_says(message_of<UsageError>([&] { train_together(3, recipe); }), "`batch_size` is 2, but 3 processes share it");
}

TEST(TrainingByRanks, FindsTheSameLearningRate) {
  const auto curve_of = [](const std::shared_ptr<Ranks>& ranks) {
    Toy toy({.drop = 0.3});
    std::vector<int64_t> rows(24), labels;
    std::iota(rows.begin(), rows.end(), 0);
    for (const int64_t row : rows) labels.push_back(row % 2);
    return find_learning_rate({toy.net, toy.groups(), toy.input, labels, rows, toy.random, {}, ranks}, everything(),
                              {.first = 1e-4, .last = 0.1, .steps = 12});
  };
  const LrCurve alone = curve_of(std::make_shared<Ranks>());
  as_ranks(2, [&](const auto& ranks) {
    const LrCurve together = curve_of(ranks);
    ASSERT_EQ(together.points.size(), alone.points.size());
    for (size_t i = 0; i < alone.points.size(); ++i) EXPECT_NEAR(together.points[i].loss, alone.points[i].loss, kRounding);
  });
}

TEST(EvaluationByRanks, GivesTheSameBits) {
  Toy toy({});
  std::vector<int64_t> rows(23);
  std::iota(rows.begin(), rows.end(), 1);
  for (const int64_t count : {23, 9, 1}) {
    const std::span<const int64_t> some = std::span(rows).first(static_cast<size_t>(count));
    const EvaluateSpec spec{.batch_size = 4, .tta = 2};
    const std::vector<double> alone = evaluate(toy.net, toy.input, some, spec);
    as_ranks(3, [&](const auto& ranks) {
      Toy own({});
      EvaluateSpec shared = spec;
      shared.ranks = ranks.get();
      EXPECT_EQ(evaluate(own.net, own.input, some, shared), alone) << count << " rows, rank " << ranks->rank();
    });
  }
}

/// Trains an epoch by `size` ranks and leaves its state in `path`; then goes on by `then` of them.
void go_on(const std::filesystem::path& path, const Recipe& recipe, int size, int then) {
  as_ranks(size, [&](const auto& ranks) {
    Toy toy({});
    Trainer trainer = trainer_of(toy, recipe, ranks);
    trainer.run_epoch([](const auto&) { return true; });
    if (ranks->is_first()) Hdf5File::create(path, [&](Hdf5File& file) { write_train_state(file, trainer, *toy.random); });
  });
  as_ranks(then, [&](const auto& ranks) {
    Toy toy({});
    Trainer trainer = trainer_of(toy, recipe, ranks);
    if (ranks->is_first()) read_train_state(Hdf5File(path), trainer, *toy.random);
  });
}

TEST(ResumeByRanks, AnotherNumberOnlyWhereTheResultIsTheSame) {
  const ScratchFolder folder;
  Recipe recipe = everything();
  go_on(folder.path() / "synced.h5", recipe, 2, 3);
  go_on(folder.path() / "synced.h5", recipe, 2, 1);
  recipe.sync_batch_norm = false;
  go_on(folder.path() / "own.h5", recipe, 2, 2);
  expect_says(message_of<UsageError>([&] { go_on(folder.path() / "own.h5", recipe, 2, 1); }), "start 2 again (mpirun -n 2)");
}

}  // namespace
}  // namespace cudenza::testing
