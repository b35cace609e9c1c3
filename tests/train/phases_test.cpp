#include "engine/train/phases.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "engine/nn/layers.h"
#include "tests/fixtures/fine_tune_fixture.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

/// Learning rates, momentum and frozen parts before every batch, held against fastai's.
TEST(Phases, FineTuneIsFastais) {
  const Recipe recipe{.epochs = 3, .freeze_epochs = 1, .lr = 0.01, .batch_size = 4};
  Toy toy({.rows = 4 * kFineTuneBatches});
  Trainer trainer = toy.trainer(recipe);
  ASSERT_EQ(trainer.epochs(), 4);
  ASSERT_EQ(trainer.batches_per_epoch(), kFineTuneBatches);
  size_t step = 0;
  while (!trainer.done()) {
    trainer.run_epoch([&](const Trainer::Step&) {
      const FineTuneStep& expected = kFineTune[step];
      for (int group = 0; group < 3; ++group) {
        EXPECT_NEAR(trainer.optimizer().lr(group), expected.lr[group], 1e-6 * expected.lr[group] + 1e-12) << step << ' ' << group;
      }
      EXPECT_NEAR(trainer.optimizer().momentum(), expected.momentum, 1e-6) << step;
      for (const auto& section : trainer.parameters().sections()) {
        const bool is_norm = section.kind == ParameterKind::norm;
        EXPECT_EQ(section.trains, (is_norm ? expected.norms_train : expected.weights_train)[section.group]) << step;
      }
      ++step;
      return true;
    });
  }
  EXPECT_EQ(step, std::size(kFineTune));
}

TEST(Phases, RoundsFollowEachOther) {
  const auto phases = phases_of(Recipe::preset("study-plus"), 2);
  ASSERT_EQ(phases.size(), 3u);
  EXPECT_EQ(phases[0].first_trained_group, 1);
  EXPECT_EQ(phases[1].lrs, (std::vector{0.005 / 100, 0.005}));
  EXPECT_EQ(phases[2].lrs, phases[1].lrs);
  EXPECT_EQ(phases[2].name, "all, round 2");
}

TEST(Phases, AFromScratchPlanTrainsEverythingAtOneRate) {
  const auto phases = phases_of(Recipe::preset("scratch"), 3);
  ASSERT_EQ(phases.size(), 1u);
  EXPECT_EQ(phases[0].first_trained_group, 0);
  EXPECT_EQ(phases[0].lrs, std::vector(3, Recipe::preset("scratch").lr));
}

TEST(Phases, TransferTrainsTheHeadAndThenTheUpperStagesAlone) {
  Recipe recipe = Recipe::preset("transfer");
  recipe.lr = 1e-2, recipe.tuning_lr = 1e-3, recipe.stage_decay = 0.5, recipe.frozen_stages = 3;
  const auto phases = phases_of(recipe, 6);
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].first_trained_group, 5);
  EXPECT_EQ(phases[0].lrs.back(), 1e-2);
  EXPECT_EQ(phases[1].first_trained_group, 3);
  EXPECT_EQ(phases[1].lrs, (std::vector{1e-3 / 32, 1e-3 / 16, 1e-3 / 8, 1e-3 / 4, 1e-3 / 2, 1e-3}));
  EXPECT_TRUE(phases[0].norms_frozen && phases[1].norms_frozen);
  recipe.frozen_stages = 9;  // all of them: the head remains
  recipe.epochs = 7, recipe.freeze_epochs = 0;
  ASSERT_EQ(phases_of(recipe, 6).size(), 1u);
  EXPECT_EQ(phases_of(recipe, 6)[0].epochs, 7);
}

TEST(Recipe, NamesWhatCannotBe) {
  const auto message_of = [](const Recipe& recipe) {
    try {
      recipe.check();
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message_of({}), "");
  EXPECT_NE(message_of({.epochs = 0}).find("`epochs` is 0"), std::string::npos);
  EXPECT_NE(message_of({.lr = -1}).find("`lr` is -1"), std::string::npos);
  EXPECT_NE(message_of({.label_smoothing = 1}).find("`label_smoothing`"), std::string::npos);
  EXPECT_THROW(Recipe::preset("soup"), UsageError);
  for (const std::string& name : Recipe::preset_names()) EXPECT_EQ(message_of(Recipe::preset(name)), "") << name;
  for (const Plan plan : {Plan::fine_tune, Plan::one_cycle, Plan::cosine, Plan::constant})
    EXPECT_EQ(plan_from_name(name_of(plan)), plan);
}

}  // namespace
}  // namespace cudenza::testing
