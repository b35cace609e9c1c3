/// cudenza pretrain: weights without data, as a user makes and uses them.
#include <gtest/gtest.h>
#include <omp.h>

#include <nlohmann/json.hpp>

#include "apps/study/formula_input.h"
#include "engine/core/error.h"
#include "engine/io/hdf5_file.h"
#include "engine/run/model_card.h"
#include "engine/run/run_files.h"
#include "tests/data/files.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class Pretrain : public ::testing::Test {
 protected:
  fs::path at(const char* name) const { return scratch_ / name; }
  /// Arguments for a run of seconds into `out`, unless `more` says otherwise.
  static std::string pretrain(const fs::path& out, const std::string& more = "") {
    std::string text = fmt::format("pretrain --quiet --out {} {}", out.string(), more);
    constexpr std::pair<const char*, const char*> kTiny[] = {{"--model", "alexnet"}, {"--classes", "4"},    {"--per-class", "3"},
                                                             {"--image-size", "64"}, {"--batch-size", "4"}, {"--threads", "1"}};
    for (const auto& [option, value] : kTiny) {
      if (more.find(option) == std::string::npos) text += fmt::format(" {} {}", option, value);
    }
    return text;
  }
  static void make(const fs::path& out, const std::string& more = "--epochs 1") {
    const Ran ran = run_program(pretrain(out, more));
    ASSERT_EQ(ran.status, 0) << ran.err;
  }
  /// What a run came to but for the time that it took.
  static std::string result_of(const fs::path& run) {
    std::string text = tensors_of(run / "best.h5") + tensors_of(run / "last.h5");
    for (const EpochRow& row : read_history(run))
      text += fmt::format("{} {} {} {} {}\n", row.epoch, row.train_loss, row.valid_loss, row.accuracy, row.lr);
    return text;
  }

 private:
  ScratchFolder scratch_{quick_place()};
};

TEST_F(Pretrain, LeavesARunWhoseWeightsTrainBeginsWith) {
  make(at("run"));
  for (const char* name : {"config.toml", "history.csv", "schedule.csv", "best.h5", "last.h5", "checksums.txt"})
    EXPECT_TRUE(fs::exists(at("run") / name)) << name;
  const Ran inspected = run_program("weights inspect --json " + (at("run") / "best.h5").string());
  ASSERT_EQ(inspected.status, 0) << inspected.err;
  const nlohmann::json facts = nlohmann::json::parse(inspected.out);
  const std::string origin = facts["origin"], license = facts["license"];
  expect_says(origin, "pretrained by cudenza ");
  expect_says(origin, "on formula-driven pictures: fractals and spectrograms of synthetic music, 4 classes, seed 42");
  expect_says(license, "made by formula");
  EXPECT_EQ(facts["classes"], (nlohmann::json{"fractal 0000", "fractal 0001", "music 0000 blues", "music 0001 classical"}));

  const TinyRun tiny;
  const Ran trained =
      run_program(fmt::format("train {} --out {} --model alexnet --weights {} --recipe transfer --image-size 96 --sample-rate "
                              "8000 --split stratified:0.5 "
                              "--batch-size 2 --threads 1",
                              tiny.data().string(), at("trained").string(), (at("run") / "best.h5").string()));
  ASSERT_EQ(trained.status, 0) << trained.err;
  expect_says(trained.err, "loaded 10 tensors");
  EXPECT_EQ(read_model_card(at("trained")).weights_origin, origin);
  const Hdf5File before(at("run") / "best.h5"), after(at("trained") / "best.h5");
  for (const char* name : {"features.0.weight", "features.10.bias"})  // the recipe trains the head alone
    EXPECT_EQ(before.read(name).to_vector<float>(), after.read(name).to_vector<float>()) << name;
}

TEST_F(Pretrain, LearnsWhatItIsShown) {
  make(at("run"), "--pictures fractals --per-class 24 --epochs 10 --batch-size 8 --lr 3e-4 --precision fp32");
  const std::vector<EpochRow> history = read_history(at("run"));
  ASSERT_EQ(history.size(), 10u);
  EXPECT_LT(history.back().train_loss, 0.8 * history.front().train_loss);
  EXPECT_LT(history.back().valid_loss, 0.8 * history.front().valid_loss);
}

TEST_F(Pretrain, GoesOnToTheSameBits) {
  make(at("whole"), "--epochs 6");
  TinyRun::stop_early(pretrain(at("stopped"), "--epochs 6"), at("stopped"));
  EXPECT_LT(read_history(at("stopped")).size(), 6u);
  const Ran ran = run_program(fmt::format("pretrain --resume {} --quiet", at("stopped").string()));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(result_of(at("stopped")), result_of(at("whole")));
}

TEST_F(Pretrain, IsTheSameForAnyNumberOfThreads) {
  make(at("one"), "--epochs 1 --deterministic");
  make(at("three"), "--epochs 1 --deterministic --threads 3");
  EXPECT_EQ(result_of(at("one")), result_of(at("three")));
  make(at("seeded"), "--epochs 1 --deterministic --seed 7");
  EXPECT_NE(result_of(at("one")), result_of(at("seeded")));
}

TEST_F(Pretrain, RefusesWhatCannotBe) {
  const auto expect_refused = [&](const std::string& more, std::string_view words) {
    const Ran ran = run_program(pretrain(at("run"), more));
    EXPECT_EQ(ran.status, 2) << more << ": " << ran.err;
    expect_says(ran.err, words);
    EXPECT_FALSE(fs::exists(at("run") / "last.h5")) << more;
  };
  expect_refused("--classes 1", "--classes is 1, but must lie in 2 … 10000");
  expect_refused("--per-class 0", "--per-class is 0, but must lie in 1 … 1000");
  expect_refused("--pictures photos", "--pictures: photos not in {fractals,music,both}");
  expect_refused("--image-size 16", "--image-size is 16, but pictures by formula have 32 … 1024 pixels a side");
  expect_refused("--epochs 0", "--epochs is 0");
  expect_refused("--minutes 1 --epochs 2", "leave --epochs and --rounds out");
  expect_refused("--model lenet", "lenet");
  const Ran nowhere = run_program("pretrain --model alexnet");
  EXPECT_EQ(nowhere.status, 2);
  expect_says(nowhere.err, "pretrain: where to? Give --out RUN");
}

TEST_F(Pretrain, ItsRunsAreItsOwn) {
  make(at("run"));
  const std::string run = at("run").string();
  const auto expect_refused = [](const std::string& arguments, std::string_view words) {
    const Ran ran = run_program(arguments);
    EXPECT_EQ(ran.status, 2) << arguments << ": " << ran.err;
    expect_says(ran.err, words);
  };
  expect_refused(pretrain(at("run")), "holds a run already");
  expect_refused("pretrain --resume " + run + " --classes 5", "--classes is 4 in the run ");
  expect_refused("pretrain --resume " + run + " --pictures music", "--pictures is both in the run ");
  expect_refused("pretrain --resume " + run + " --per-class 9", "--per-class is 3 in the run ");
  expect_refused("train --resume " + run, "is a run of pretrain: go on with cudenza pretrain --resume " + run);
  const TinyRun tiny;
  tiny.make(at("trained"));
  expect_refused("pretrain --resume " + at("trained").string(), "is a run of train: go on with cudenza train --resume ");
  const Ran longer = run_program("pretrain --resume " + run + " --epochs 2 --quiet");
  EXPECT_EQ(longer.status, 0) << longer.err;
  EXPECT_EQ(read_history(at("run")).size(), 2u);
}

TEST(FormulaInput, HasOtherPicturesInEveryEpochAndTheSameWhenJudged) {
  const FormulaPictures pictures({.classes = 4, .per_class = 2, .side = 32, .seed = 1});
  FormulaInput input(pictures, Device::cpu(), DType::f32);
  const auto training = [&](const std::vector<int64_t>& rows, uint32_t epoch) {
    input.prepare(rows, epoch);
    const int64_t count = std::ssize(rows);
    return input.training({Tensor::from(rows, {count}), Tensor::from(std::vector{epoch}, {1})}).to_vector<float>();
  };
  const std::vector<float> first = training({3, 9}, 0);
  ASSERT_EQ(first.size(), 2u * 32 * 32 * 3);
  EXPECT_EQ(first, training({3, 9}, 0));
  EXPECT_NE(first, training({3, 9}, 1));
  // A picture does not depend on what stands beside it.
  const std::vector<float> alone = training({9}, 0);
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), first.begin() + 32 * 32 * 3));
  const std::vector<int64_t> rows = {3, 9};
  EXPECT_EQ(input.plain(rows).to_vector<float>(), input.plain(rows).to_vector<float>());
  const std::vector<float> variants = input.variants(rows, 2).to_vector<float>();
  ASSERT_EQ(variants.size(), 2 * first.size());
  EXPECT_FALSE(std::equal(first.begin(), first.end(), variants.begin()));
  EXPECT_FALSE(std::equal(variants.begin(), variants.begin() + std::ssize(first), variants.begin() + std::ssize(first)));
  FormulaInput unprepared(pictures, Device::cpu(), DType::f32);
  EXPECT_TRUE(has(error_of<UsageError>([&] {
                    unprepared.training({Tensor::from(rows, {2}), Tensor::from(std::vector<uint32_t>{0}, {1})});
                  }),
                  "prepare() was not called"));
}

}  // namespace
}  // namespace cudenza::testing
