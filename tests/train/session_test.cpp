#include "engine/train/session.h"

#include <gtest/gtest.h>

#include "engine/io/checkpoint.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

constexpr int kEpochs = 4;

/// Trains for kEpochs, with as good as no time for last.h5. The number of epochs in that file after each of them, as it says, and
/// at the end. `stop_after`: how many epochs to stop after; 0: none.
std::vector<int64_t> epochs_saved(int stop_after) {
  const ScratchFolder run;
  Toy toy({.rows = 8});
  Trainer trainer = toy.trainer({.plan = Plan::constant, .epochs = kEpochs, .lr = 0.1, .batch_size = 4});
  std::vector<int64_t> saved;
  const auto look = [&] { saved.push_back(Hdf5File(run.path() / "last.h5").attribute<int64_t>("train", "epoch")); };
  Session::Options options{.run = run.path(), .batch_size = 4, .saving = 0};
  options.on_epoch = [&](const EpochRow&, bool) { look(); };
  options.interrupted = [&] { return stop_after > 0 && std::ssize(saved) == stop_after; };
  const Validation validation{{0, 1}, {0, 1}, {0, 1}};
  Session session({trainer, toy.net, toy.input, *toy.random, validation, [&](Hdf5File& file) { write_state(file, toy.net); }},
                  options);
  if (stop_after > 0) EXPECT_THROW(session.run(), Stopped);
  else session.run();
  look();
  return saved;
}

TEST(Session, LeavesEpochsOutOfLastWhereFilesTakeTooLongButNotTheEnd) {
  EXPECT_EQ(epochs_saved(0), (std::vector<int64_t>{1, 1, 1, kEpochs, kEpochs}));
}

TEST(Session, SavesTheEpochThatItIsStoppedAfter) { EXPECT_EQ(epochs_saved(3), (std::vector<int64_t>{1, 1, 1, 3})); }

}  // namespace
}  // namespace cudenza::testing
