/// What last.h5 says of a run's place is held against the run before anything is indexed by it.
#include "engine/train/train_state.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

const Recipe kRecipe{.plan = Plan::one_cycle, .epochs = 3, .lr = 0.02, .batch_size = 4};  // of 6 batches an epoch

class TrainState : public ::testing::Test {
 protected:
  /// Saves a training after its first epoch, changed by `change`, and gives what reading it says.
  std::string said(const std::function<void(Hdf5File&)>& change) {
    Toy toy({});
    Trainer trainer = toy.trainer(kRecipe);
    trainer.run_epoch([](const Trainer::Step&) { return true; });
    Hdf5File::create(path_, [&](Hdf5File& file) {
      write_train_state(file, trainer, *toy.random);
      change(file);
    });
    Toy other({});
    Trainer resumed = other.trainer(kRecipe);
    const std::string message = message_of<DataError>([&] { read_train_state(Hdf5File(path_), resumed, *other.random); });
    EXPECT_EQ(resumed.position().epoch, message == "(nothing was thrown)" ? 1 : 0);
    return message;
  }
  std::string said_of(const std::string& name, const Hdf5Attribute& value) {
    return said([&](Hdf5File& file) { file.set_attribute("train", name, value); });
  }

  const ScratchFolder scratch_;
  const std::filesystem::path path_ = scratch_.path() / "last.h5";
};

TEST_F(TrainState, IsReadAsItWasWritten) {
  EXPECT_EQ(said([](Hdf5File&) {}), "(nothing was thrown)");
}

TEST_F(TrainState, PlacesThatTheRunDoesNotHaveAreRefused) {
  constexpr int64_t kFar = int64_t{1} << 32;  // 0 once it is cut to 32 bits
  const std::vector<std::pair<const char*, std::vector<int64_t>>> bad{{"phase", {-1, 1, 2, 1000, kFar}},
                                                                      {"epoch_of_phase", {-1, 0, 2, 3, kFar + 1}},
                                                                      {"batch", {-1, 6, 1 << 20, kFar}},
                                                                      {"epoch", {-1, 0, 2, kFar + 1}}};
  for (const auto& [name, values] : bad) {
    for (const int64_t value : values) {
      const std::string message = said_of(name, value);
      expect_says(message, "last.h5: its training position");
      expect_says(message, "does not fit");
    }
  }
  EXPECT_EQ(said_of("batch", 5), "(nothing was thrown)");
}

TEST_F(TrainState, CountsAndSeedsOfAnotherRunAreRefused) {
  expect_says(said_of("smooth_loss_sum", NAN), "training loss");
  expect_says(said_of("smooth_loss_count", -1), "training loss");
  expect_says(said_of("smooth_loss_count", 7), "training loss");
  expect_says(said_of("seed", 12345), "training seed");
  expect_says(said_of("random_step", -1), "training random step");
  expect_says(said_of("phase", "first"), "of another kind");
}

TEST_F(TrainState, MomentsThatAreNotFiniteAreNeitherSavedNorRead) {
  Toy toy({});
  Trainer trainer = toy.trainer(kRecipe);
  const auto [name, moments] = trainer.state().at(1);
  moments.span<float>()[2] = INFINITY;
  const auto save = [&] { Hdf5File::create(path_, [&](Hdf5File& file) { write_train_state(file, trainer, *toy.random); }); };
  expect_says(message_of<DataError>(save), "last.h5: 'train/" + name + "' has 1 of");
  Hdf5File::create(path_, [&](Hdf5File& file) {
    for (const char* number :
         {"phase", "epoch_of_phase", "batch", "epoch", "smooth_loss_sum", "smooth_loss_count", "random_step"})
      file.set_attribute("train", number, int64_t{0});
    file.set_attribute("train", "seed", static_cast<int64_t>(toy.random->state().seed));
    for (const auto& [each, tensor] : trainer.state()) file.write("train/" + each, tensor);
  });
  expect_says(message_of<DataError>([&] { read_train_state(Hdf5File(path_), trainer, *toy.random); }), "has 1 of");
}

}  // namespace
}  // namespace cudenza::testing
