#include "engine/report/study_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/core/error.h"
#include "tests/support/raw_file.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// Clips of ten classes, the last of which are taken for the next class.
Answers answers(int64_t correct, int64_t count) {
  Answers all{.labels = {}, .predicted = {}, .tracks = {}, .classes = 10};
  for (int64_t i = 0; i < count; ++i) {
    all.labels.push_back(i % 10);
    all.predicted.push_back(i < correct ? i % 10 : (i + 1) % 10);
    all.tracks.push_back(fmt::format("{:03}", i));
  }
  return all;
}

std::vector<StressRow> stress(int64_t correct, int64_t count) {
  return {{"as they are", {correct, count}, 0.5, {0.4, 0.6}, {0, count}},
          {"tempo +6 %", {correct - 4, count}, 0.5, {0.4, 0.6}, {6, count}}};
}

StudyRow row(const std::string& network, const std::string& split, std::vector<int64_t> correct, int64_t count,
             std::optional<Proportion> study = {}) {
  StudyRow row{.network = network,
               .split = split,
               .recipe = "",
               .weights = "ImageNet",
               .split_leaks = split == "random",
               .runs = {},
               .study = study};
  for (size_t i = 0; i < correct.size(); ++i)
    row.runs.push_back(
        {.seed = i + 1, .answers = answers(correct[i], count), .seconds = 95.5, .stress = stress(correct[i], count)});
  return row;
}

const std::vector<StudyRow> kRows = {row("AlexNet", "random", {157, 160, 155}, 199, Proportion{158, 199}),
                                     row("VGG16", "random", {172, 175, 170}, 199, Proportion{174, 199}),
                                     row("ResNet34", "random", {170, 168, 173}, 199, Proportion{171, 199}),
                                     row("ResNet50", "random", {175, 174, 178}, 199, Proportion{176, 199}),
                                     row("ResNet-RS50", "random", {180, 181, 183}, 199, Proportion{182, 199}),
                                     row("AlexNet", "fault-filtered", {186, 190, 188}, 290),
                                     row("ResNet50", "fault-filtered", {214, 220, 217}, 290),
                                     row("ResNet-RS50", "fault-filtered", {228, 232, 225}, 290)};

std::string content_of(const fs::path& path) {
  const std::vector<char> bytes = read_raw<char>(path);
  return {bytes.begin(), bytes.end()};
}

TEST(StudyReport, MeanOverSeedsAndTheIntervalOfOneRun) {
  EXPECT_DOUBLE_EQ(kRows[0].accuracy().mean, (157 + 160 + 155) / (3 * 199.0));
  const Interval interval = kRows[0].interval(), one = wilson_interval(157, 199);  // 157.33 of 199
  EXPECT_EQ(interval.low, one.low);
  EXPECT_EQ(interval.high, one.high);
}

TEST(StudyReport, OverSeeds) {
  const auto accuracy = kRows[0].accuracy(), f1 = kRows[0].macro_f1();
  EXPECT_NEAR(accuracy.deviation, std::sqrt((1.0 / 9 + 64.0 / 9 + 49.0 / 9) / 2) / 199, 1e-12);  // of 157, 160 and 155
  double sum = 0;
  for (const StudyRow::Run& run : kRows[0].runs) sum += macro_f1(run.answers);
  EXPECT_DOUBLE_EQ(f1.mean, sum / 3);
  EXPECT_TRUE(std::isnan(row("AlexNet", "random", {157}, 199).accuracy().deviation));
  const Interval interval = kRows[0].f1_interval();
  EXPECT_LT(interval.low, f1.mean);
  EXPECT_GT(interval.high, f1.mean);
  const auto stressed = kRows[0].stressed();
  ASSERT_EQ(stressed.size(), 2u);
  EXPECT_EQ(stressed[1].condition, "tempo +6 %");
  EXPECT_DOUBLE_EQ(stressed[1].accuracy, accuracy.mean - 4.0 / 199);
  EXPECT_NEAR(stressed[1].change, -4.0 / 199, 1e-12);
  EXPECT_NEAR(stressed[1].answers_changed, 6.0 / 199, 1e-12);
}

// CUDENZA_STUDY_REPORT=FOLDER keeps the report, to be looked at.
TEST(StudyReport, OurFiguresStandBesideTheStudys) {
  const ScratchFolder scratch;
  const char* kept = std::getenv("CUDENZA_STUDY_REPORT");
  const fs::path out = kept ? fs::path(kept) : scratch.path();
  write_study_report(out, kRows);
  const std::string page = content_of(out / "report.html");
  for (const char* part : {"79.06 %", "79.40 %", "157 160 155 of 199", "The fault-filtered split", "04:46", "± 1.26", "macro-F1",
                           "This figure leaks", "given by lists", "tempo +6 %", "-2.0"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  const std::string csv = content_of(out / "study.csv");
  EXPECT_TRUE(
      csv.starts_with("network,recipe,split,weights,seed,correct,count,accuracy,low,high,seconds,study_correct,study_count,"
                      "macro_f1,macro_f1_low,macro_f1_high,split_leaks\n"
                      "AlexNet,,random,ImageNet,1,157,199,0.7889447236180904,"))
      << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 8 * 3);
}

TEST(StudyReport, ARowNeedsARun) {
  const ScratchFolder scratch;
  EXPECT_THROW(write_study_report(scratch.path(), {row("AlexNet", "random", {}, 199)}), UsageError);
}

}  // namespace
}  // namespace cudenza::testing
