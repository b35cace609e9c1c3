#include "engine/train/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "engine/nn/checkpoint.h"
#include "engine/train/train_state.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr int kEpochs = 4;
const Recipe kRecipe{.plan = Plan::constant, .epochs = kEpochs, .lr = 0.1, .batch_size = 4};

/// A toy network that trains in a folder.
struct ToyRun {
  ToyRun(const fs::path& folder, const Recipe& recipe, Session::Options given = {})
      : trainer(toy.trainer(recipe)), session(parts(), with(std::move(given), folder)) {}

  Session::Parts parts() {
    return {trainer, toy.net, toy.input, *toy.random, {{0, 1}, {0, 1}, {0, 1}}, [this](Hdf5File& f) { write_state(f, toy.net); }};
  }
  static Session::Options with(Session::Options options, const fs::path& folder) {
    options.run = folder;
    options.batch_size = 4;
    return options;
  }
  void resume(const fs::path& folder) {
    const Hdf5File last(folder / "last.h5");
    read_state(last, toy.net);
    session.resume(last);
  }

  Toy toy{{.rows = 8}};
  Trainer trainer;
  Session session;
};

int64_t epochs_in(const fs::path& folder) { return Hdf5File(folder / "last.h5").attribute<int64_t>("train", "epoch"); }

/// Trains for kEpochs, with as good as no time for last.h5. The number of epochs in that file after each of them, as it says, and
/// at the end. `stop_after`: how many epochs to stop after; 0: none.
std::vector<int64_t> epochs_saved(int stop_after) {
  const ScratchFolder run;
  std::vector<int64_t> saved;
  Session::Options options;
  options.saving = 0;
  options.on_epoch = [&](std::span<const EpochRow>, bool) { saved.push_back(epochs_in(run.path())); };
  options.interrupted = [&] { return stop_after > 0 && std::ssize(saved) == stop_after; };
  ToyRun toy(run.path(), kRecipe, options);
  if (stop_after > 0) EXPECT_THROW(toy.session.run(), Stopped);
  else toy.session.run();
  saved.push_back(epochs_in(run.path()));
  return saved;
}

TEST(Session, LeavesEpochsOutOfLastWhereFilesTakeTooLongButNotTheEnd) {
  EXPECT_EQ(epochs_saved(0), (std::vector<int64_t>{1, 1, 1, kEpochs, kEpochs}));
}

TEST(Session, SavesTheEpochThatItIsStoppedAfter) { EXPECT_EQ(epochs_saved(3), (std::vector<int64_t>{1, 1, 1, 3})); }

TEST(Session, CanBeResumedBeforeItsFirstEpoch) {
  const ScratchFolder run, whole;
  {
    ToyRun begun(run.path(), kRecipe);
    begun.session.begin();
    EXPECT_EQ(epochs_in(run.path()), 0);
  }
  ToyRun resumed(run.path(), kRecipe), undisturbed(whole.path(), kRecipe);
  resumed.resume(run.path());
  resumed.session.run();
  undisturbed.session.run();
  for (const std::string& name : Hdf5File(whole.path() / "last.h5").names())
    EXPECT_EQ(Hdf5File(run.path() / "last.h5").read(name).to_vector<double>(),
              Hdf5File(whole.path() / "last.h5").read(name).to_vector<double>())
        << name;
}

Session::Options with_steps() {
  Session::Options options;
  options.log_steps = true;
  return options;
}

/// A run stopped after two epochs.
void train_two_epochs(const fs::path& folder) {
  int epochs = 0;
  Session::Options options = with_steps();
  options.on_epoch = [&](std::span<const EpochRow>, bool) { ++epochs; };
  options.interrupted = [&] { return epochs == 2; };
  ToyRun toy(folder, kRecipe, options);
  EXPECT_THROW(toy.session.run(), Stopped);
}

TEST(Session, KnowsItsHistoryWithoutItsCsvFiles) {
  for (const bool is_cut : {false, true}) {
    const ScratchFolder run;
    train_two_epochs(run.path());
    const std::string history = content_of(run.path() / "history.csv"), steps = content_of(run.path() / "steps.csv"),
                      schedule = content_of(run.path() / "schedule.csv");
    for (const char* name : {"history.csv", "steps.csv", "schedule.csv"}) {
      if (is_cut) fs::resize_file(run.path() / name, fs::file_size(run.path() / name) / 2);
      else fs::remove(run.path() / name);
    }
    ToyRun toy(run.path(), kRecipe, with_steps());
    toy.resume(run.path());
    EXPECT_EQ(toy.session.history().size(), 2u);
    EXPECT_EQ(content_of(run.path() / "history.csv"), history);
    EXPECT_EQ(content_of(run.path() / "steps.csv"), steps);
    EXPECT_EQ(content_of(run.path() / "schedule.csv"), schedule);
  }
}

/// The best epoch is better than what comes: it stays the best, although its history.csv is gone.
TEST(Session, LetsNoWorseEpochReplaceTheBestAfterResuming) {
  const ScratchFolder run;
  train_two_epochs(run.path());
  fs::remove(run.path() / "history.csv");
  ToyRun toy(run.path(), kRecipe);
  toy.resume(run.path());
  const auto better = toy.session.history()[static_cast<size_t>(toy.session.best_epoch())];
  toy.session.run();
  ASSERT_EQ(std::ssize(toy.session.history()), kEpochs);
  const EpochRow& best = toy.session.history()[static_cast<size_t>(toy.session.best_epoch())];
  EXPECT_GE(best.accuracy, better.accuracy);
  const std::vector<EpochRow> kept = saved_history(Hdf5File(run.path() / "best.h5"));
  EXPECT_EQ(kept.back().epoch, best.epoch);  // best.h5 says which epoch it is
}

TEST(Session, RefusesToGoOnWithoutItsBest) {
  const ScratchFolder run;
  train_two_epochs(run.path());
  fs::remove(run.path() / "best.h5");
  ToyRun toy(run.path(), kRecipe);
  expect_says(message_of<DataError>([&] { toy.resume(run.path()); }), "best.h5");
}

TEST(Session, OfAnOlderVersionNeedsItsWholeHistory) {
  const ScratchFolder run;
  train_two_epochs(run.path());
  const auto rewrite = [&] {  // last.h5 as it was before it had the history
    ToyRun toy(run.path(), kRecipe);
    const Hdf5File last(run.path() / "last.h5");
    read_state(last, toy.toy.net);
    read_train_state(last, toy.trainer, *toy.toy.random);
    Hdf5File::create(run.path() / "last.h5", [&](Hdf5File& file) {
      write_state(file, toy.toy.net);
      write_train_state(file, toy.trainer, *toy.toy.random);
    });
  };
  rewrite();
  ToyRun whole(run.path(), kRecipe);
  whole.resume(run.path());
  EXPECT_EQ(whole.session.history().size(), 2u);
  fs::remove(run.path() / "history.csv");
  ToyRun cut(run.path(), kRecipe);
  expect_says(message_of<DataError>([&] { cut.resume(run.path()); }), "2 epochs are trained, but the history knows 0 of them");
}

/// Weights that are no numbers after a good epoch, without a loss that shows it: the files stay those of that epoch.
TEST(Session, KeepsItsFilesWhereTrainingDiverges) {
  const ScratchFolder run;
  std::string last, best;
  ToyRun* itself = nullptr;
  Session::Options options;
  options.on_epoch = [&](std::span<const EpochRow> history, bool) {
    const EpochRow& row = history.back();
    if (row.epoch != 1) return;
    last = content_of(run.path() / "last.h5"), best = content_of(run.path() / "best.h5");
  };
  options.on_step = [&](const Trainer::Step& step) {  // the last step of the third epoch
    if (step.at.epoch == 2 && step.at.batch == 1) itself->toy.net.head.bias.copy_from(Tensor::full({2}, NAN, DType::f32));
  };
  ToyRun toy(run.path(), kRecipe, options);
  itself = &toy;
  const std::string message = message_of<DivergedError>([&] { toy.session.run(); });
  expect_says(message, "training diverged: ");
  expect_says(message, "in epoch 3, step 2 of 2, at learning rate 0.1");
  EXPECT_TRUE(content_of(run.path() / "last.h5") == last);
  EXPECT_TRUE(content_of(run.path() / "best.h5") == best);
  EXPECT_EQ(toy.session.history().size(), 2u);
  EXPECT_EQ(read_history(run.path()).size(), 2u);
}

/// Moments that are no numbers have not reached any weight yet: they are found when they are to be written.
TEST(Session, WritesNoStateThatIsNoNumber) {
  const ScratchFolder run;
  ToyRun* itself = nullptr;
  Session::Options options;
  options.on_step = [&](const Trainer::Step&) {
    const auto state = itself->trainer.state();
    const Tensor moments = std::ranges::find_if(state, [](const auto& t) { return holds_numbers(t.first); })->second;
    moments.copy_from(Tensor::full(moments.shape(), INFINITY, DType::f32));
  };
  options.interrupted = [] { return true; };
  ToyRun toy(run.path(), kRecipe, options);
  itself = &toy;
  toy.session.begin();
  const std::string last = content_of(run.path() / "last.h5");
  EXPECT_THROW(toy.session.run(), DivergedError);
  EXPECT_TRUE(content_of(run.path() / "last.h5") == last);
}

}  // namespace
}  // namespace cudenza::testing
