/// cudenza quantize: the file it writes, what computes it, and what is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::json;

class Quantize : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tiny_ = std::make_unique<TinyRun>();
    tiny_->make(at("run"));
    ran_ = quantize("--clips 3 --json");
  }
  static void TearDownTestSuite() { tiny_.reset(); }

  static fs::path at(const std::string& name) { return tiny_->folder() / name; }
  static Ran quantize(const std::string& options) {
    return run_program(fmt::format("quantize '{}' '{}' {}", at("run").string(), tiny_->data().string(), options));
  }
  static Json eval(const std::string& file, const std::string& options) {
    const Ran ran = run_program(fmt::format("eval '{}' '{}' --json {}", at(file).string(), tiny_->data().string(), options));
    EXPECT_EQ(ran.status, 0) << ran.err;
    return Json::parse(ran.out, nullptr, false);
  }
  static void expect_refused(const Ran& ran, int status, const std::string& why) {
    EXPECT_EQ(ran.status, status);
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
  }

  static inline std::unique_ptr<TinyRun> tiny_;
  static inline Ran ran_;
};

TEST_F(Quantize, WritesAFileThatJudgesInBytes) {
  ASSERT_EQ(ran_.status, 0) << ran_.err;
  const Json told = Json::parse(ran_.out);
  EXPECT_EQ(told["calibration_clips"], 3);
  EXPECT_GT(told["int8_layers"], 0);
  EXPECT_EQ(told["part"], "valid");
  const Json bytes = eval("run/int8.h5", ""), floats = eval("run/int8.h5", "--precision fp32"),
             run = eval("run", "--precision fp32");
  EXPECT_EQ(bytes["accuracy"], told["int8"]["accuracy"]);
  EXPECT_EQ(floats["loss"], run["loss"]);  // its weights are the run's
  EXPECT_NE(bytes["loss"], floats["loss"]);
  EXPECT_EQ(eval("run/int8.h5", "--precision int8")["loss"], bytes["loss"]);
  EXPECT_EQ(eval("run/int8.h5", "--threads 1 --batch-size 1")["loss"], bytes["loss"]);
}

TEST_F(Quantize, RefusesInASentence) {
  expect_refused(quantize("--device cuda"), 4, "no GPU");
  expect_refused(run_program(fmt::format("eval '{}' '{}' --precision int8", at("run").string(), tiny_->data().string())), 2,
                 "cudenza quantize RUN DATA");
  expect_refused(run_program(tiny_->train(at("other")) + " --precision int8"), 2, "not for training");
  expect_refused(quantize(fmt::format("--out '{}'", at("run/best.h5").string())), 2, "best.h5");
  expect_refused(quantize(fmt::format("--out '{}'", at("run/last.h5").string())), 2, "no file that this command writes");
  expect_refused(quantize(fmt::format("--out '{}'", (tiny_->data() / "q.h5").string())), 2, "data set");
}

}  // namespace
}  // namespace cudenza::testing
