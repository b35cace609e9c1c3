/// cudenza train, resumed and refused: what a run knows of itself.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/io/hdf5_file.h"
#include "engine/run/run_lock.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/sounds.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr int kRate = 8000;

void write_clip(const fs::path& path, double hz) {
  fs::create_directories(path.parent_path());
  write_wav(path, kRate, sine(hz, kRate, 0.25));
}

std::string quoted(const fs::path& path) {
  std::string text = "'";
  for (const char c : path.string()) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + '\'';
}

/// As TinyRun trains, on any data and with any split.
std::string train(const fs::path& data, const fs::path& out, const std::string& split) {
  return "train " + quoted(data) + " --out " + quoted(out) + " --split " + split +
         " --model alexnet --image-size 64 --sample-rate 8000 --epochs 1 --freeze-epochs 0 --batch-size 2 --threads 1 --quiet";
}

/// A run of one epoch on eight clips of two classes.
class TrainedRun : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tiny_ = std::make_unique<TinyRun>();
    tiny_->make(run());
  }
  static void TearDownTestSuite() { tiny_.reset(); }

  static const fs::path& folder() { return tiny_->folder(); }
  static fs::path data() { return tiny_->data(); }
  static fs::path run() { return folder() / "run"; }
  static Ran resume(const std::string& more = "") { return run_program("train --resume " + quoted(run()) + " --quiet " + more); }
  /// Resuming is refused as bad data, in one line that says so.
  static void expect_refused(const std::string& what, const std::string& more = "") {
    const Ran ran = resume(more);
    EXPECT_EQ(ran.status, 3) << ran.err;
    expect_says(ran.err, what);
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }

  static inline std::unique_ptr<TinyRun> tiny_;
};

TEST_F(TrainedRun, RefusesARenamedClass) {
  fs::rename(data() / "low", data() / "lower");
  expect_refused("the class 'low' is now 'lower'");
  fs::rename(data() / "lower", data() / "low");
}

TEST_F(TrainedRun, RefusesAFileThatIsGoneNewOrExchanged) {
  fs::rename(data() / "low/3.wav", folder() / "3.wav");
  expect_refused("low/3.wav is gone");
  write_clip(data() / "low/3.wav", 900);
  expect_refused("low/3.wav does not hold what it held");
  fs::rename(folder() / "3.wav", data() / "low/3.wav");
  write_clip(data() / "high/extra.wav", 900);
  expect_refused("high/extra.wav is new");
  fs::remove(data() / "high/extra.wav");
  const Ran same = resume();
  EXPECT_EQ(same.status, 0) << same.err;
}

TEST_F(TrainedRun, RefusesOptionsThatWouldMakeAnotherRun) {
  for (const auto& [option, words] :
       std::vector<std::pair<std::string, std::string>>{{"--lr 0.5", "--lr is "},
                                                        {"--model vgg16", "--model is alexnet"},
                                                        {"--seed 7", "--seed is 42"},
                                                        {"--split random:0.5", "--split is stratified:0.5"},
                                                        {"--mixup 0.4", "--mixup is 0"},
                                                        {"--image-size 96", "--image-size is 64"},
                                                        {"--clip 3", "--clip is 0.25"},
                                                        {"--out elsewhere", "--out is elsewhere"}}) {
    const Ran ran = resume(option);
    EXPECT_EQ(ran.status, 2) << option << ": " << ran.err;
    expect_says(ran.err, words);
  }
  const fs::path config = folder() / "my.toml";
  std::ofstream(config) << "[train]\nweight-decay = 0.5\n";
  expect_says(resume("--config " + quoted(config)).err, "--weight-decay is 0.01");
}

TEST_F(TrainedRun, TakesWhatMayChangeAndWhatIsTheSame) {
  const fs::path copy = folder() / "moved clips", moved_run = folder() / "moved run";
  fs::copy(data(), copy, fs::copy_options::recursive);
  fs::copy(run(), moved_run, fs::copy_options::recursive);
  const Ran ran = run_program("train " + quoted(copy) + " --resume " + quoted(moved_run) +
                              " --epochs 2 --threads 1 --quiet --model alexnet --clip 0.25 --image-size 64");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(Hdf5File(moved_run / "last.h5").attribute<int64_t>("train", "epoch"), 2);
  expect_says(content_of(moved_run / "config.toml"), "epochs = 2");
  expect_says(content_of(moved_run / "config.toml"), "moved clips");
  // It is a run of two epochs from now on.
  const Ran again = run_program("train --quiet --resume " + quoted(moved_run));
  EXPECT_EQ(again.status, 0) << again.err;
  const Ran fewer = run_program("train --quiet --epochs 1 --resume " + quoted(moved_run));
  EXPECT_EQ(fewer.status, 2) << fewer.err;
  expect_says(fewer.err, "--epochs is 1, but 2 epochs");
}

TEST_F(TrainedRun, IsTrainedByOneProcessAtATime) {
  const RunLock lock(run());
  expect_refused("process ");
  const Ran second = run_program(tiny_->train(run()));
  EXPECT_EQ(second.status, 3) << second.err;
  expect_says(second.err, "is being trained already (process ");
}

TEST_F(TrainedRun, IsNotTrainedAnew) {
  const Ran second = run_program(tiny_->train(run()));
  EXPECT_EQ(second.status, 2) << second.err;
  expect_says(second.err, "holds a run already");
}

TEST_F(TrainedRun, WithoutItsLastSaysSo) {
  fs::rename(run() / "last.h5", folder() / "last.h5");
  expect_refused("no last.h5 to go on from");
  fs::rename(folder() / "last.h5", run() / "last.h5");
  EXPECT_EQ(run_program("train --resume " + quoted(folder() / "nothing")).status, 3);
  EXPECT_FALSE(fs::exists(folder() / "nothing"));
}

TEST_F(TrainedRun, GoesOnWithoutItsConfig) {
  fs::remove(run() / "config.toml");
  EXPECT_EQ(resume().status, 0);
  expect_says(content_of(run() / "config.toml"), "model = \"alexnet\"");
}

TEST_F(TrainedRun, JudgesTheFilesItWasGivenNotTheirNames) {
  const auto judged = [](const fs::path& data) {
    const Ran ran = run_program("eval --json " + quoted(run()) + ' ' + quoted(data));
    EXPECT_EQ(ran.status, 0) << ran.err;
    return nlohmann::json::parse(ran.out);
  };
  const nlohmann::json own = judged(data());
  EXPECT_EQ(own["part"], "valid");
  EXPECT_EQ(own["count"], 4);
  // The same names, other sounds: all of them are judged.
  const fs::path other = folder() / "other";
  for (int i = 0; i < 4; ++i) {
    write_clip(other / "low" / (std::to_string(i) + ".wav"), 205 + 10 * i);
    write_clip(other / "high" / (std::to_string(i) + ".wav"), 2050 + 100 * i);
  }
  EXPECT_EQ(judged(other)["part"], "all");
  EXPECT_EQ(judged(other)["count"], 8);
  // What it learnt from is known under another name too.
  const fs::path renamed = folder() / "renamed";
  fs::create_directories(renamed / "low");
  for (int i = 0; i < 4; ++i) {
    fs::copy(data() / "low" / (std::to_string(i) + ".wav"), renamed / "low" / ("x" + std::to_string(i) + ".wav"));
  }
  write_clip(renamed / "low" / "new.wav", 333);
  const nlohmann::json copies = judged(renamed);
  EXPECT_EQ(copies["part"], "valid");
  EXPECT_EQ(copies["count"], 2);
}

TEST_F(TrainedRun, JudgesByItsOwnKnowledgeWithoutSplitsCsv) {
  fs::rename(run() / "splits.csv", folder() / "splits.csv");
  const Ran ran = run_program("eval --json " + quoted(run()) + ' ' + quoted(data()));
  fs::rename(folder() / "splits.csv", run() / "splits.csv");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(ran.out)["part"], "valid");
}

TEST(Train, GoesOnInPathsOfAnyBytes) {
  const TinyRun tiny;
  const fs::path odd = tiny.folder() / "C# \"live\" [x],\t\xff=\\n 'q'\n", data = odd / "data", run = odd / "run # 1";
  fs::create_directory(odd);
  fs::copy(tiny.data(), data, fs::copy_options::recursive);
  fs::rename(data / "low", data / "low # 1");
  const Ran trained = run_program(train(data, run, "stratified:0.5"));
  ASSERT_EQ(trained.status, 0) << trained.err;
  const Ran resumed = run_program("train --quiet --epochs 2 --resume " + quoted(run));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  // And by --config, as model_card.json says it.
  const fs::path again = tiny.folder() / "again";
  const Ran by_config = run_program("train --quiet --config " + quoted(run / "config.toml") + " --out " + quoted(again));
  EXPECT_EQ(by_config.status, 0) << by_config.err;
  EXPECT_EQ(content_of(again / "splits.csv"), content_of(run / "splits.csv"));
}

/// A list that has changed, a label that has changed: of a CSV with its own split.
TEST(Train, RefusesChangedListsAndLabels) {
  const TinyRun tiny;
  const fs::path csv = tiny.folder() / "clips.csv", run = tiny.folder() / "run";
  for (int i = 0; i < 4; ++i) write_clip(tiny.folder() / (std::to_string(i) + ".wav"), 300 + 400 * i);
  const auto write_list = [&](const char* label_of_1, const char* part_of_2) {
    std::ofstream(csv) << "path,label,split\n0.wav,a,train\n1.wav," << label_of_1 << ",train\n2.wav,a," << part_of_2
                       << "\n3.wav,b,valid\n";
  };
  write_list("b", "train");
  const Ran trained = run_program(train(csv, run, "column"));
  ASSERT_EQ(trained.status, 0) << trained.err;
  const auto refusal = [&] {
    const Ran ran = run_program("train --quiet --resume " + quoted(run));
    EXPECT_EQ(ran.status, 3) << ran.err;
    return ran.err;
  };
  write_list("a", "train");
  expect_says(refusal(), "1.wav was 'b' and is now 'a'");
  write_list("b", "valid");
  expect_says(refusal(), "2.wav was in 'train' and is now in 'valid'");
  write_list("b", "train");
  EXPECT_EQ(run_program("train --quiet --resume " + quoted(run)).status, 0);
}

TEST(Train, ThatDivergesIsAResultOfItsOwn) {
  const TinyRun tiny;
  const fs::path run = tiny.folder() / "run";
  const Ran ran = run_program(tiny.train(run, 3) + " --lr 1e30 --plan constant --optimizer sgd");
  EXPECT_EQ(ran.status, 3) << ran.err;
  expect_says(ran.err, "training diverged: ");
  expect_says(ran.err, "in epoch 1, step ");
  expect_says(ran.err, "at learning rate 1e+30");
  expect_says(ran.err, "lower --lr");
  EXPECT_FALSE(fs::exists(run / "best.h5"));
  EXPECT_EQ(Hdf5File(run / "last.h5").attribute<int64_t>("train", "epoch"), 0);
  const Ran resumed = run_program("train --quiet --resume " + quoted(run));
  EXPECT_EQ(resumed.status, 3);
  EXPECT_EQ(resumed.err, ran.err);  // the same steps come to the same end
}

TEST(Train, WarnsOfClassesThatCannotBeLearnt) {
  const TinyRun tiny;
  const fs::path csv = tiny.folder() / "clips.csv";
  for (int i = 0; i < 3; ++i) write_clip(tiny.folder() / (std::to_string(i) + ".wav"), 300 + 400 * i);
  std::ofstream(csv) << "path,label,split\n0.wav,a,train\n1.wav,b,train\n2.wav,c,valid\n";
  const Ran unlearnt = run_program(train(csv, tiny.folder() / "run1", "column"));
  EXPECT_EQ(unlearnt.status, 0) << unlearnt.err;
  expect_says(unlearnt.err, "warning: ");
  expect_says(unlearnt.err, "no clip to learn 'c' from");
  std::ofstream(csv) << "path,label,split\n0.wav,a,train\n1.wav,a,train\n2.wav,a,valid\n";
  const Ran alone = run_program(train(csv, tiny.folder() / "run2", "column"));
  EXPECT_EQ(alone.status, 0) << alone.err;
  expect_says(alone.err, "'a' is the only class");
}

TEST(Reproduce, GoesOnWhereALineDiverges) {
  const TinyRun tiny;
  const std::string command =
      "reproduce " + quoted(tiny.data()) + " --out " + quoted(tiny.folder() / "study") +
      " --networks alexnet --image-size 64 --sample-rate 8000 --epochs 1 --batch-size 2 --seeds 2 --quiet";
  const Ran diverged = run_program(command + " --lr 1e30");
  EXPECT_EQ(diverged.status, 3) << diverged.err;
  expect_says(diverged.out, "seed 42: training diverged");
  expect_says(diverged.out, "seed 43: training diverged");
  expect_says(diverged.err, "2 of the runs diverged");
  for (const char* rate : {" --lr 0.02", ""}) {  // the runs that are there were made with another
    const Ran other = run_program(command + rate);
    EXPECT_EQ(other.status, 2) << other.err;
    expect_says(other.err, "--lr is 1e+30");
  }
}

}  // namespace
}  // namespace cudenza::testing
