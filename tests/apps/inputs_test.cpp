/// Folders and names as people have them, from training to what is printed.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "engine/data/csv.h"
#include "tests/data/files.h"
#include "tests/support/program.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kOddClass = "jazz \xFF";

/// A run that was trained on a folder of a split's parts, once for all tests.
class InputsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new ScratchFolder;
    for (const char* part : {"train", "val"}) {
      for (const char* genre : {"rock", kOddClass}) {
        for (int i = 0; i < 2; ++i) tone(fmt::format("data/{}/{}/clip{}.wav", part, genre, i), genre[0] == 'r' ? 200 : 3000);
      }
    }
    trained_ =
        run_program(fmt::format("train '{}' --out '{}' --model resnet34 --epochs 1 --freeze-epochs 0 --image-size 32 "
                                "--batch-size 2 --device cpu",
                                at("data").string(), at("run").string()));
    tone("songs/a.wav", 200);
    tone("songs/deep/b \xC3(.wav", 3000);
    tone("songs/.hidden/c.wav", 200);
    write_file(at("songs/z.wav"), "this is text");
    fs::create_directory_symlink("..", at("songs/deep/up"));
    EXPECT_EQ(mkfifo(at("songs/pipe.wav").c_str(), 0600), 0);
  }
  static void TearDownTestSuite() { delete scratch_; }

  static fs::path at(const std::string& name) { return *scratch_ / name; }
  static void tone(const std::string& name, double hz) {
    fs::create_directories(at(name).parent_path());
    write_wav(at(name), 22050, sine(hz, 22050, 0.3));
  }
  static Ran predict(const std::string& arguments) {
    return run_program(fmt::format("predict '{}' '{}' --device cpu {}", at("run").string(), at("songs").string(), arguments));
  }

  static inline ScratchFolder* scratch_ = nullptr;
  static inline Ran trained_;
};

/// The parser of the command line takes [a,b] for a list.
TEST_F(InputsTest, NamesMayStandInBrackets) {
  tone("[live, 1]/a.wav", 200);
  const Ran ran = run_command(fmt::format("cd '{}' && exec {} predict run '[live, 1]' --format csv --device cpu",
                                          scratch_->path().string(), program_under_test()));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, "/[live, 1]/a.wav")) << ran.out;
}

TEST_F(InputsTest, FoldersTrainAndValAreTheSplit) {
  ASSERT_EQ(trained_.status, 0) << trained_.err;
  EXPECT_TRUE(has(trained_.err, "train, val are taken for the parts of a split")) << trained_.err;
  const std::vector<CsvRow> rows = read_csv(at("run/splits.csv"));
  ASSERT_EQ(rows.size(), 9u);
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string& file = rows[i].fields[0];
    EXPECT_EQ(rows[i].fields[1], has(file, "rock") ? "rock" : kOddClass);
    EXPECT_EQ(rows[i].fields[2], file.starts_with("train/") ? "train" : "valid");
  }
}

TEST_F(InputsTest, PredictWalksFoldersAndWritesEveryNameInEveryFormat) {
  const Ran json = predict("--format json"), lines = predict("--format jsonl"), csv = predict("--format csv"),
            text = predict("--format text");
  const std::string a = at("songs/a.wav").string(), b = at("songs/deep/b \xC3(.wav").string(),
                    b_in_json = at("songs/deep/b \uFFFD(.wav").string();
  for (const Ran& ran : {json, lines, csv, text}) {
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(has(ran.err, "left out: " + at("songs/z.wav").string())) << ran.err;
    EXPECT_FALSE(has(ran.err, "pipe.wav") || has(ran.err, "hidden")) << ran.err;
  }
  const Json all = Json::parse(json.out);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["file"], a);
  EXPECT_EQ(all[1]["file"], b_in_json);
  EXPECT_EQ(json.out, nlohmann::ordered_json::parse(json.out).dump(2) + "\n") << "as the whole array would be printed";
  EXPECT_EQ(Json::parse(lines.out.substr(0, lines.out.find('\n'))), all[0]);
  const std::vector<CsvRow> rows = parse_csv(csv.out, "out");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].fields[0], b);
  EXPECT_TRUE(has(text.out, b + ": ")) << text.out;
}

TEST_F(InputsTest, WhatIsKnownIsPrintedThoughALaterFileEndsTheWork) {
  const Ran ran = predict("--json --strict");
  EXPECT_EQ(ran.status, 3);
  EXPECT_TRUE(has(ran.err, "songs/z.wav")) << ran.err;
  EXPECT_EQ(Json::parse(ran.out).size(), 2u);
}

TEST_F(InputsTest, OutputThatCannotBeWrittenIsThree) {
  for (const char* format : {"text", "json", "jsonl", "csv"}) {
    const Ran ran = predict(fmt::format("--format {} >/dev/full", format));
    EXPECT_EQ(ran.status, 3) << format;
    EXPECT_TRUE(has(ran.err, "stdout: cannot be written: No space left")) << ran.err;
    EXPECT_FALSE(has(ran.err, "left out")) << format << " went on to the last file";
  }
}

TEST_F(InputsTest, PipesThatAreNamedAreRefusedAndNotWaitedFor) {
  const Ran ran = run_program(fmt::format("predict '{}' '{}' --device cpu", at("run").string(), at("songs/pipe.wav").string()));
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_TRUE(has(ran.err, "pipe.wav")) << ran.err;
}

TEST_F(InputsTest, EvalWritesNamesThatAreNotUtf8) {
  const std::string run_and_data = fmt::format("'{}' '{}' --device cpu", at("run").string(), at("data").string());
  const Ran json = run_program("eval --json " + run_and_data), full = run_program("eval >/dev/full " + run_and_data);
  ASSERT_EQ(json.status, 0) << json.err;
  const Json judged = Json::parse(json.out);
  EXPECT_EQ(judged["count"], 4);
  EXPECT_EQ(judged["classes"][0]["class"], "jazz \uFFFD");
  EXPECT_EQ(full.status, 3);
}

TEST_F(InputsTest, FeaturesWalksAsPredictDoes) {
  const Ran ran = run_program(
      fmt::format("features '{}' --out '{}' --json --no-cache --device cpu", at("songs").string(), at("f.h5").string()));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["clips"].size(), 2u);
  EXPECT_EQ(Json::parse(ran.out)["skipped"].size(), 1u);
}

}  // namespace
}  // namespace cudenza::testing
