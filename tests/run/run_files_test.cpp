#include "engine/run/run_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/run/model_card.h"
#include "tests/support/content_of.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/synthetic_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// What reading says of a file with that content.
template <class Read> std::string complaint(const fs::path& path, const std::string& content, Read read) {
  write_atomically(path, content);
  try {
    read(path.parent_path());
  } catch (const DataError& error) {
    return error.what();
  }
  return "none";
}

TEST(RunFiles, HistoryKeepsEveryBit) {
  const ScratchFolder scratch;
  const std::vector<EpochRow> rows = {{0, 1.0 / 3, 2.5, 176.0 / 199, 1e-5, 12.25}, {1, 0.1, std::nan(""), 0, 0.01, 3}};
  write_history(scratch.path(), rows);
  EXPECT_EQ(content_of(scratch.path() / "history.csv"),
            "epoch,train_loss,valid_loss,accuracy,lr,time\n"
            "0,0.3333333333333333,2.5,0.8844221105527639,1e-05,12.25\n1,0.1,,0,0.01,3\n");
  const auto again = read_history(scratch.path());
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].train_loss, 1.0 / 3);
  EXPECT_EQ(again[0].accuracy, 176.0 / 199);
  EXPECT_TRUE(std::isnan(again[1].valid_loss));
}

TEST(RunFiles, FilesThatMayBeAbsentReadAsEmpty) {
  const ScratchFolder scratch;
  EXPECT_TRUE(read_history(scratch.path()).empty());
  EXPECT_TRUE(read_steps(scratch.path()).empty());
  EXPECT_TRUE(read_splits(scratch.path()).empty());
  EXPECT_TRUE(read_lr_curve(scratch.path()).points.empty());
  EXPECT_TRUE(read_mistakes(scratch.path()).empty());
  EXPECT_THROW(read_predictions(scratch.path()), DataError);
  EXPECT_THROW(read_model_card(scratch.path()), DataError);
}

TEST(RunFiles, StepsComeFromStepsOrSchedule) {
  const ScratchFolder scratch;
  write_schedule(scratch.path(), {{.step = 7, .lr = 0.01, .momentum = 0.95}});
  EXPECT_EQ(content_of(scratch.path() / "schedule.csv"), "step,lr,momentum\n7,0.01,0.95\n");
  EXPECT_TRUE(std::isnan(read_steps(scratch.path()).at(0).loss));
  write_steps(scratch.path(), {{.step = 7, .loss = 2.5, .lr = 0.01, .momentum = 0.95}});
  EXPECT_EQ(read_steps(scratch.path()).at(0).loss, 2.5);
}

TEST(RunFiles, PredictionsWithNamesThatNeedQuotes) {
  const ScratchFolder scratch;
  const Predictions all{.classes = {"a,b", "c"},
                        .files = {"x \"1\".wav", "y.wav"},
                        .labels = {1, 0},
                        .probabilities = {0.25, 0.75, 1.0 / 3, 2.0 / 3}};
  write_predictions(scratch.path(), all);
  EXPECT_EQ(content_of(scratch.path() / "predictions.csv"),
            "file,label,predicted,probability,\"probability_a,b\",probability_c\n"
            "\"x \"\"1\"\".wav\",c,c,0.75,0.25,0.75\ny.wav,\"a,b\",c,0.666666667,0.333333333,0.666666667\n");
  const Predictions again = read_predictions(scratch.path());
  EXPECT_EQ(again.classes, all.classes);
  EXPECT_EQ(again.files, all.files);
  EXPECT_EQ(again.labels, all.labels);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(again.probabilities[i], all.probabilities[i], 1e-9);
}

TEST(RunFiles, ConfusionSplitsCurveAndMistakesComeBack) {
  const ScratchFolder scratch;
  const auto matrix = confusion_matrix(std::vector<int64_t>{0, 0, 1}, std::vector<int64_t>{0, 1, 1}, 2);
  write_confusion(scratch.path(), {"x", "y"}, matrix);
  EXPECT_EQ(content_of(scratch.path() / "confusion.csv"), "actual\\predicted,x,y\nx,1,1\ny,0,1\n");
  write_splits(scratch.path(), {{"a.wav", "x", "train"}});
  EXPECT_EQ(read_splits(scratch.path()).at(0).split, "train");
  write_lr_curve(scratch.path(), {.points = {{1e-7, 3}, {1e-3, 2}}, .suggested = 1});
  EXPECT_EQ(read_lr_curve(scratch.path()).suggested, 1u);
  write_mistakes(scratch.path(), {{"a.wav", "x", "y", 0.5, 2.25, "1.png"}});
  EXPECT_EQ(read_mistakes(scratch.path()).at(0).loss, 2.25);
  EXPECT_EQ(read_mistakes(scratch.path()).at(0).picture, "1.png");
}

TEST(RunFiles, StressComesBack) {
  const ScratchFolder scratch;
  EXPECT_TRUE(read_stress(scratch.path()).empty());
  write_stress(scratch.path(), {{"as they are", {3, 4}, 0.7, {0.4, 1}, {0, 4}}, {"gain +6 dB", {1, 4}, 0.25, {0, 0.5}, {3, 4}}});
  EXPECT_TRUE(content_of(scratch.path() / "stress.csv").starts_with("condition,correct,count,accuracy,low,high,macro_f1,"));
  const auto again = read_stress(scratch.path());
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[1].condition, "gain +6 dB");
  EXPECT_EQ(again[1].correct.successes, 1);
  EXPECT_EQ(again[1].macro_f1_interval.high, 0.5);
  EXPECT_EQ(again[1].answers_changed.successes, 3);
  const std::string head = "condition,correct,count,macro_f1,macro_f1_low,macro_f1_high,answers_changed\n";
  for (const char* row : {"x,5,4,0,0,0,0", "x,1,4,0,0,0,2", "x,1,4,0,0,0,"})
    EXPECT_NE(complaint(scratch.path() / "stress.csv", head + row + "\n", read_stress).find("are impossible"), std::string::npos);
}

TEST(RunFiles, SaysWhichLineIsBad) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "history.csv";
  const std::string head = "epoch,train_loss,valid_loss,accuracy,lr,time\n";
  const auto read = [](const fs::path& run) { return read_history(run); };
  EXPECT_EQ(complaint(path, head + "0,1,1,1,1,1\n1,x,1,1,1,1\n", read),
            path.string() + ":3: 'x' in column 'train_loss' is not a number");
  EXPECT_EQ(complaint(path, head + "0,1\n", read), path.string() + ":2: has 2 fields, but there are 6 columns");
  EXPECT_EQ(complaint(path, "epoch,train_loss\n", read), path.string() + ":1: has no column 'valid_loss'");
  EXPECT_EQ(complaint(path, "", read), path.string() + ": is empty");
  const fs::path predictions = scratch.path() / "predictions.csv";
  EXPECT_EQ(complaint(predictions, "file,label,predicted,probability,probability_x\na,y,x,1,1\n", read_predictions),
            predictions.string() + ":2: label 'y' has no column 'probability_y'");
  EXPECT_EQ(complaint(predictions, "file,label,predicted,probability,probability_x\na,x,x,1,1.5\n", read_predictions),
            predictions.string() + ":2: '1.5' is not a probability");
  const fs::path card = scratch.path() / "model_card.json";
  EXPECT_NE(complaint(card, "{}", read_model_card).find("model_card.json: is no model card: "), std::string::npos);
}

TEST(RunFiles, ModelCardComesBack) {
  const ScratchFolder scratch;
  const ModelCard card = synthetic_card(synthetic_predictions());
  write_model_card(scratch.path(), card);
  const std::string first = content_of(scratch.path() / "model_card.json");
  const ModelCard again = read_model_card(scratch.path());
  write_model_card(scratch.path(), again);
  EXPECT_EQ(content_of(scratch.path() / "model_card.json"), first);
  EXPECT_EQ(again.classes, card.classes);
  EXPECT_EQ(again.input, card.input);
  EXPECT_EQ(again.training.recipe, card.training.recipe);
  EXPECT_EQ(again.result.correct, card.result.correct);
  EXPECT_EQ(again.result.epoch, 10);
  EXPECT_EQ(again.result.macro_f1, card.result.macro_f1);
  EXPECT_EQ(again.result.macro_f1_interval.high, card.result.macro_f1_interval.high);
  EXPECT_EQ(again.result.split_leaks, true);
}

TEST(RunFiles, ModelCardOfBeforeIsReadWithoutMacroF1) {
  const ScratchFolder scratch;
  write_model_card(scratch.path(), synthetic_card(synthetic_predictions()));
  auto json = nlohmann::json::parse(content_of(scratch.path() / "model_card.json"));
  for (const char* key : {"macro_f1", "macro_f1_interval_95", "split_leaks"}) EXPECT_EQ(json["result"].erase(key), 1u) << key;
  write_atomically(scratch.path() / "model_card.json", json.dump());
  const ModelCard card = read_model_card(scratch.path());
  EXPECT_TRUE(std::isnan(card.result.macro_f1));
  EXPECT_FALSE(card.result.split_leaks);
}

TEST(RunFiles, ModelCardHasWhatToolsRead) {
  const ScratchFolder scratch;
  const Predictions all = synthetic_predictions();
  write_model_card(scratch.path(), synthetic_card(all));
  const auto json = nlohmann::json::parse(content_of(scratch.path() / "model_card.json"));
  EXPECT_EQ(json["architecture"]["name"], "resnet50");
  EXPECT_EQ(json["classes"].size(), 10u);
  EXPECT_EQ(json["input"]["sample_rate"], 44100);
  EXPECT_EQ(json["training"]["clips"]["train"], 800);
  EXPECT_EQ(json["training"]["train_clips_per_class"]["jazz"], 80);
  EXPECT_EQ(json["result"]["accuracy"].get<double>(), accuracy(all.scored()).value());
  EXPECT_LT(json["result"]["interval_95"][0].get<double>(), json["result"]["accuracy"].get<double>());
  // The made-up network is surer than it is right.
  EXPECT_GT(json["calibration"]["temperature"].get<double>(), 1);
  EXPECT_LT(json["calibration"]["loss_after"].get<double>(), json["result"]["loss"].get<double>());
  EXPECT_EQ(json["weights"]["from"], "resnet50-0676ba61.pth");
}

TEST(RunFiles, FactsAsText) {
  EXPECT_EQ(text_of(Fact(true)), "yes");
  EXPECT_EQ(text_of(Fact(int64_t{44100})), "44100");
  EXPECT_EQ(text_of(Fact(1e-5)), "1e-05");
  EXPECT_EQ(text_of(Fact("x")), "x");
  EXPECT_EQ(text_of(Fact(std::vector<double>{0.5, 1})), "0.5, 1");
  EXPECT_EQ(text_of(Fact(std::vector<double>{3, 1, 2, 5, 4})), "5 values, 1 to 5");
}

}  // namespace
}  // namespace cudenza::testing
