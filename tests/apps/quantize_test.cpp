/// cudenza quantize: the file it writes, what computes it, and what is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/study/model_file.h"
#include "engine/io/png.h"
#include "tests/support/content_of.h"
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
  static Ran run_quantize(const fs::path& run, const fs::path& data, const std::string& options = "") {
    return run_program(fmt::format("quantize '{}' '{}' {}", run.string(), data.string(), options));
  }
  static Ran quantize(const std::string& options) { return run_quantize(at("run"), tiny_->data(), options); }
  static Ran judge(const std::string& file, const std::string& options) {
    return run_program(fmt::format("eval '{}' '{}' --json {}", at(file).string(), tiny_->data().string(), options));
  }
  static Json eval(const std::string& file, const std::string& options) {
    const Ran ran = judge(file, options);
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
  const Json bytes = eval("run/int8.h5", ""), floats = eval("run", "--precision fp32");
  EXPECT_EQ(bytes["accuracy"], told["int8"]["accuracy"]);
  EXPECT_EQ(floats["accuracy"], told["f32"]["accuracy"]);
  EXPECT_NE(bytes["loss"], floats["loss"]);
  EXPECT_EQ(eval("run/int8.h5", "--precision int8")["loss"], bytes["loss"]);
  EXPECT_EQ(eval("run", "--precision int8")["loss"], bytes["loss"]);  // a run's quantized model is found
  EXPECT_LT(fs::file_size(at("run/int8.h5")), fs::file_size(at("run/best.h5")) / 2);
  EXPECT_EQ(eval("run/int8.h5", "--threads 1 --batch-size 1")["loss"], bytes["loss"]);
}

TEST_F(Quantize, RefusesInASentence) {
  expect_refused(quantize("--device cuda"), 4, "no GPU");
  expect_refused(judge("run/best.h5", "--precision int8"), 2, "cudenza quantize RUN DATA");
  expect_refused(judge("run/int8.h5", "--precision fp32"), 2, "the run that it was made of");
  expect_refused(judge("run/int8.h5", "--precision bf16"), 2, "the run that it was made of");
  expect_refused(run_quantize(at("run/int8.h5"), tiny_->data()), 2, "quantized already");
  expect_refused(run_program(tiny_->train(at("other")) + fmt::format(" --weights '{}'", at("run/int8.h5").string())), 3,
                 "take the file that it was made of");
  expect_refused(run_program(tiny_->train(at("other")) + " --precision int8"), 2, "not for training");
  expect_refused(quantize(fmt::format("--out '{}'", at("run/best.h5").string())), 2, "best.h5");
  expect_refused(quantize(fmt::format("--out '{}'", at("run/last.h5").string())), 2, "no file that this command writes");
  expect_refused(quantize(fmt::format("--out '{}'", (tiny_->data() / "q.h5").string())), 2, "data set");
}

TEST_F(Quantize, RefusesRunsThatAreNone) {
  fs::create_directories(at("empty"));
  std::ofstream(at("text.h5")) << "no model";
  expect_refused(run_quantize(at("gone"), tiny_->data()), 3, "gone");
  expect_refused(run_quantize(at("empty"), tiny_->data()), 3, "best.h5");
  expect_refused(run_quantize(at("text.h5"), tiny_->data()), 3, "text.h5");
  expect_refused(judge("empty", "--precision int8"), 2, "int8.h5");
}

TEST_F(Quantize, RefusesDataOfAnotherKind) {
  const auto with = [](const fs::path& data) { return run_quantize(at("run"), data, "--out " + at("none.h5").string()); };
  fs::create_directories(at("no-data"));
  expect_refused(with(at("no-data")), 3, "no-data");
  expect_refused(with(at("gone")), 3, "gone");
  for (const char* const name : {"high", "middle"}) {
    fs::create_directories(at("other-classes") / name);
    fs::copy(tiny_->data() / "high" / "0.wav", at("other-classes") / name / "0.wav");
  }
  expect_refused(with(at("other-classes")), 3, "'middle' is none of the model's: high low");
  for (const char* const name : {"high", "low"}) {
    fs::create_directories(at("pictures") / name);
    write_png(at("pictures") / name / "0.png", {.height = 8, .width = 8, .values = std::vector<uint8_t>(192)});
  }
  expect_refused(with(at("pictures")), 2, "holds pictures, but the model was trained on sounds");
  EXPECT_FALSE(fs::exists(at("none.h5")));
}

// What was calibrated on other weights is not taken for the run's.
TEST_F(Quantize, RefusesAQuantizedModelOfOtherWeights) {
  fs::copy(at("run"), at("trained-on"), fs::copy_options::recursive);
  ASSERT_EQ(run_program(fmt::format("train --resume '{}' --epochs 3 --quiet", at("trained-on").string())).status, 0);
  Hdf5File::create(at("trained-on/best.h5"),
                   [&](Hdf5File& file) { write_model(file, read_model(at("run/last.h5"), Device::cpu())); });
  expect_refused(judge("trained-on", "--precision int8"), 2, "was made of other weights");
  EXPECT_NE(run_program(fmt::format("info '{}'", at("trained-on").string())).out.find("quantize the run anew"),
            std::string::npos);
  EXPECT_EQ(judge("trained-on/int8.h5", "").status, 0);  // the file is whole in itself
  fs::remove(at("trained-on/best.h5"));
  EXPECT_EQ(judge("trained-on", "--precision int8").status, 0);
}

TEST_F(Quantize, KeepsTheOldFileWhereItFails) {
  fs::copy(at("run"), at("kept"), fs::copy_options::recursive);
  const std::string before = content_of(at("kept/int8.h5"));
  expect_refused(run_quantize(at("kept"), at("gone")), 3, "gone");
  EXPECT_EQ(content_of(at("kept/int8.h5")), before);
  const auto quantized_anew = [] { return run_quantize(at("kept"), tiny_->data(), "--clips 2"); };
  EXPECT_EQ(quantized_anew().status, 0);  // its own file is replaced
  EXPECT_NE(content_of(at("kept/int8.h5")), before);
  fs::resize_file(at("kept/int8.h5"), before.size() / 2);
  expect_refused(judge("kept", "--precision int8"), 3, "int8.h5: is damaged or cut off");
  EXPECT_EQ(quantized_anew().status, 0);  // also where it is damaged
  std::ofstream(at("kept/int8.h5")) << "somebody's notes";
  expect_refused(quantized_anew(), 2, "no file that this command writes");
}

TEST_F(Quantize, IsToldByInfo) {
  const Json told = Json::parse(ran_.out);
  for (const char* const name : {"run", "run/int8.h5"}) {
    const Ran ran = run_program(fmt::format("info '{}' --json", at(name).string()));
    ASSERT_EQ(ran.status, 0) << ran.err;
    const Json int8 = Json::parse(ran.out)["int8"];
    EXPECT_EQ(int8["calibration_clips"], 3);
    EXPECT_EQ(int8["layers"], told["int8_layers"]);
    EXPECT_EQ(int8["f32"], told["f32"]);
    EXPECT_EQ(int8["int8"], told["int8"]);
    EXPECT_EQ(int8["answers_changed"], told["answers_changed"]);
    EXPECT_EQ(int8["outdated"], false);
  }
  const Ran plain = run_program(fmt::format("info '{}'", at("run/best.h5").string()));
  EXPECT_NE(plain.out.find("not quantized"), std::string::npos) << plain.out << plain.err;
}

}  // namespace
}  // namespace cudenza::testing
