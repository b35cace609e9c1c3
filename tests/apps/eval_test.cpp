/// cudenza eval and reproduce: intervals, parts, what leaks, and stress.
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "engine/audio/mp3_codec.h"
#include "engine/io/atomic_file.h"
#include "engine/io/png.h"
#include "engine/run/model_card.h"
#include "engine/run/run_seal.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::json;

Json json_of(const Ran& ran) {
  EXPECT_EQ(ran.status, 0) << ran.err;
  return Json::parse(ran.out, nullptr, false);
}

/// A run of one epoch on half of eight tones: what it validated on is known from its splits.csv.
class Eval : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tiny_ = std::make_unique<TinyRun>();
    tiny_->make(tiny_->folder() / "run");
  }
  static void TearDownTestSuite() { tiny_.reset(); }

  static fs::path at(const std::string& name) { return tiny_->folder() / name; }
  static Ran eval(const std::string& options) {
    return run_program(fmt::format("eval '{}' '{}' {}", at("run").string(), tiny_->data().string(), options));
  }
  static std::vector<std::string> files_of(const std::string& part) {
    std::vector<std::string> files;
    for (const SplitRow& row : read_splits(at("run"))) {
      if (row.split == part) files.push_back(row.file);
    }
    return files;
  }
  static std::string lists(const std::string& name, const std::vector<std::string>& train, const std::vector<std::string>& valid,
                           const std::vector<std::string>& test) {
    fs::create_directories(at(name));
    std::ofstream(at(name) / "train.txt") << fmt::format("{}\n", fmt::join(train, "\n"));
    std::ofstream(at(name) / "valid.txt") << fmt::format("{}\n", fmt::join(valid, "\n"));
    std::ofstream(at(name) / "test.txt") << fmt::format("{}\n", fmt::join(test, "\n"));
    return fmt::format("--split-dir '{}'", at(name).string());
  }

  static inline std::unique_ptr<TinyRun> tiny_;
};

TEST_F(Eval, TellsMacroF1WithItsIntervalAndThatARandomSplitLeaks) {
  const Json own = json_of(eval("--json"));
  EXPECT_EQ(own["split_leaks"], true);
  expect_says(own["split_remark"].get<std::string>(), "drawn at random");
  ASSERT_EQ(own["macro_f1_interval"].size(), 2u);
  EXPECT_LE(own["macro_f1_interval"][0], own["macro_f1"]);
  EXPECT_GE(own["macro_f1_interval"][1], own["macro_f1"]);
  EXPECT_FALSE(own.contains("parts"));
  EXPECT_FALSE(own.contains("stress"));
  const Ran text = eval("--quiet");
  expect_says(text.out, "macro-F1 ");
  expect_says(text.out, "This figure leaks: the clips were drawn at random");
  const ModelCard card = read_model_card(at("run"));
  EXPECT_EQ(card.result.macro_f1, own["macro_f1"].get<double>());
  EXPECT_EQ(card.result.macro_f1_interval.low, own["macro_f1_interval"][0].get<double>());
  EXPECT_EQ(card.result.split_leaks, true);
  EXPECT_EQ(json_of(eval("--json --part all"))["split_leaks"], true);  // half of it was learnt from
}

TEST_F(Eval, JudgesWhatListsSay) {
  const std::vector<std::string> learnt = files_of("train"), kept = files_of("valid");
  ASSERT_EQ(kept.size(), 4u);
  const Json honest = json_of(eval("--json " + lists("honest", learnt, {kept[0], kept[1], kept[2]}, {kept[3]})));
  EXPECT_EQ(honest["part"], "test");
  EXPECT_EQ(honest["count"], 1);
  EXPECT_EQ(honest["split_leaks"], false);
  ASSERT_EQ(honest["parts"].size(), 2u);
  EXPECT_EQ(honest["parts"][0]["part"], "valid");
  EXPECT_EQ(honest["parts"][0]["count"], 3);
  EXPECT_EQ(honest["parts"][1]["accuracy"], honest["accuracy"]);
  EXPECT_EQ(json_of(eval("--json --part valid " + lists("honest", learnt, {kept[0], kept[1], kept[2]}, {kept[3]})))["count"], 3);
  // Of lists that are not the run's the clips that it learnt from are left out, and the rest leaks.
  const Json other = json_of(eval("--json " + lists("other", {kept[0]}, {kept[1], learnt[0]}, {kept[2], learnt[1], learnt[2]})));
  EXPECT_EQ(other["count"], 1);
  EXPECT_EQ(other["split_leaks"], true);
  expect_says(other["split_remark"].get<std::string>(), "learnt from 2 of the 3 files");
  const Ran none = eval(lists("none", kept, {learnt[0]}, {learnt[1]}));
  EXPECT_EQ(none.status, 3);
  expect_says(none.err, "the model has learnt from every file");
  expect_says(eval("--quiet " + lists("honest", learnt, {kept[0]}, {kept[1]})).out, "macro-F1  95 % interval");
}

TEST_F(Eval, PutsTheClipsUnderStress) {
  const Json judged = json_of(eval(fmt::format("--json --quiet --stress --out '{}'", at("stressed").string())));
  const Json& stress = judged["stress"];
  std::vector<std::string> names;
  for (const Json& row : stress) names.push_back(row["condition"]);
  std::vector<std::string> expected = {"as they are", "tempo +6 %",     "tempo -6 %",    "gain +6 dB",
                                       "gain -6 dB",  "low-pass 4 kHz", "MP3 64 kbit/s", "white noise 20 dB"};
  if (!why_no_mp3().empty()) std::erase(expected, "MP3 64 kbit/s");
  EXPECT_EQ(names, expected);
  for (const Json& row : stress) {
    EXPECT_EQ(row["count"], 4) << row;
    EXPECT_DOUBLE_EQ(row["change"], row["accuracy"].get<double>() - judged["accuracy"].get<double>()) << row;
  }
  EXPECT_EQ(stress[0]["correct"], judged["correct"]);
  EXPECT_EQ(stress[0]["answers_changed"], 0);
  EXPECT_EQ(stress[5]["correct"], judged["correct"]);  // a sound of 8 kHz has nothing above 4 kHz
  const std::vector<StressRow> kept = read_stress(at("stressed"));
  ASSERT_EQ(kept.size(), stress.size());
  EXPECT_EQ(kept[1].macro_f1, stress[1]["macro_f1"].get<double>());
  expect_says(eval("--quiet --stress").out, "white noise 20 dB ");
  // Another judgement in that folder is without stress.
  json_of(eval(fmt::format("--json --quiet --out '{}'", at("stressed").string())));
  EXPECT_TRUE(read_stress(at("stressed")).empty());
}

TEST(EvalPictures, HaveNoStress) {
  const TinyRun tiny;
  for (const bool high : {false, true}) {
    fs::create_directories(tiny.folder() / "pictures" / (high ? "high" : "low"));
    for (int i = 0; i < 4; ++i) {
      const Pixels pixels{16, 16, 3, std::vector<uint8_t>(16 * 16 * 3, static_cast<uint8_t>((high ? 150 : 20) + 10 * i))};
      write_atomically(tiny.folder() / "pictures" / (high ? "high" : "low") / fmt::format("{}.png", i), encode_png(pixels));
    }
  }
  const std::string data = (tiny.folder() / "pictures").string(), run = (tiny.folder() / "run").string();
  const Ran trained =
      run_program(fmt::format("train {} --out {} --model alexnet --image-size 64 --split stratified:0.5 --epochs 1 "
                              "--freeze-epochs 0 --batch-size 2 --quiet",
                              data, run));
  ASSERT_EQ(trained.status, 0) << trained.err;
  const Ran refused = run_program(fmt::format("eval {} {} --stress", run, data));
  EXPECT_EQ(refused.status, 2);
  expect_says(refused.err, "--stress alters sounds");
}

class Reproduced : public Eval {
 protected:
  static Ran reproduce(const std::string& options) {
    return run_program(
        fmt::format("reproduce '{}' --out '{}' --networks alexnet --image-size 64 --sample-rate 8000 --epochs 1 "
                    "--batch-size 2 --lr 0.001 --quiet {}",
                    tiny_->data().string(), at("study").string(), options));
  }
};

TEST_F(Reproduced, JoinsSeedsAndSplitsInOneTable) {
  const std::string given = lists("given", {"low/0.wav", "low/1.wav", "high/0.wav", "high/1.wav"}, {"low/2.wav", "high/2.wav"},
                                  {"low/3.wav", "high/3.wav"});
  const std::string named = given.substr(0, given.find('\'') + 1) + "by-hand=" + given.substr(given.find('\'') + 1);
  const Json rows = json_of(reproduce("--seeds 7,42 --json " + named))["rows"];
  ASSERT_EQ(rows.size(), 2u);
  for (const Json& row : rows) {
    EXPECT_EQ(row["split_leaks"], row["split"] == "random") << row;
    ASSERT_EQ(row["runs"].size(), 2u);
    EXPECT_EQ(row["runs"][1]["seed"], 42);
    const double a = row["runs"][0]["macro_f1"], b = row["runs"][1]["macro_f1"];
    EXPECT_DOUBLE_EQ(row["macro_f1"]["mean"], (a + b) / 2);
    EXPECT_DOUBLE_EQ(row["macro_f1"]["deviation"], std::abs(a - b) / std::sqrt(2.0));
    EXPECT_GE(row["stress"].size(), 7u);
  }
  EXPECT_EQ(rows[1]["split"], "by-hand");
  EXPECT_EQ(rows[1]["runs"][0]["count"], 2);
  const fs::path run = at("study") / "alexnet-by-hand-7";
  EXPECT_NO_THROW(check_seal(run));
  expect_says(content_of(run / "report.html"), "<section id=\"stress\"");
  expect_says(content_of(at("study") / "report.html"), "Under stress");
  // What is done is not done again.
  const auto trained = fs::last_write_time(run / "best.h5"), stressed = fs::last_write_time(run / "stress.csv");
  const Ran again = reproduce("--seeds 7,42 " + named);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(fs::last_write_time(run / "best.h5"), trained);
  EXPECT_EQ(fs::last_write_time(run / "stress.csv"), stressed);
  expect_says(again.out, "by-hand: What stands on which side was given");
  // A run whose stress was not tried before it was stopped.
  unseal_run(run);
  fs::remove(run / "stress.csv");
  seal_run(run);
  EXPECT_EQ(reproduce("--seeds 7,42 --no-stress " + named).status, 0);
  EXPECT_FALSE(fs::exists(run / "stress.csv"));
  EXPECT_EQ(json_of(reproduce("--seeds 7,42 --json " + named))["rows"], rows);
  EXPECT_TRUE(fs::exists(run / "stress.csv"));
}

TEST_F(Reproduced, RefusesSeedsAndNamesThatAreNone) {
  for (const char* options : {"--seeds 0", "--seeds x", "--seeds 1,", "--seeds 5,5", "--seeds 101", "--split-dir ../a=lists",
                              "--split-dir random=lists", "--split-dir a --split-dir b"}) {
    const Ran ran = reproduce(options);
    EXPECT_EQ(ran.status, 2) << options << ran.err;
    expect_says(ran.err, "reproduce: ");
  }
}

}  // namespace
}  // namespace cudenza::testing
