/// What --deterministic promises of the program on a CPU: neither --threads nor, in judging, --batch-size changes a bit; and what
/// holds without it: test-time augmentation draws by what a clip holds.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/exit_code.h"
#include "engine/io/hdf5_file.h"
#include "engine/run/run_files.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {

namespace fs = std::filesystem;
constexpr int kRate = 8000;

/// Two classes of a few tones each, and a run of one epoch over them.
class SameAnswers : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>();
    for (int i = 0; i < 4; ++i) {
      for (const std::string name : {"high", "low"}) {
        fs::create_directories(at("data/" + name));
        write_wav(at(fmt::format("data/{}/{}.wav", name, i)), kRate, sine((name == "low" ? 200 : 1500) + 90 * i, kRate, 0.5));
      }
    }
    write_wav(at("long.wav"), kRate, sine(700, kRate, 3));
    train("run", "--threads 1");
  }
  static void TearDownTestSuite() { scratch_.reset(); }

  static fs::path at(const std::string& name) { return scratch_->path() / name; }
  static Ran cudenza(const std::string& verb, const std::string& rest) {
    return run_program(fmt::format("{} --device cpu --quiet {}", verb, rest));
  }
  static void train(const std::string& run, const std::string& options) {
    const Ran ran = cudenza("train", fmt::format("'{}' --out '{}' --model alexnet --head fastai --image-size 64 --epochs 1 "
                                                 "--batch-size 3 --sample-rate {} --split stratified:0.5 --deterministic {}",
                                                 at("data").string(), at(run).string(), kRate, options));
    ASSERT_EQ(ran.status, kDone) << ran.err;
  }
  static std::vector<double> judged(const std::string& options) {
    const Ran ran = cudenza("eval", fmt::format("'{}' '{}' --part all --out '{}' {}", at("run").string(), at("data").string(),
                                                at("judged").string(), options));
    EXPECT_EQ(ran.status, kDone) << ran.err;
    return read_predictions(at("judged")).probabilities;
  }
  /// Of every window of the files.
  static std::vector<double> heard(const std::string& files, const std::string& options) {
    const Ran ran = cudenza("predict", fmt::format("'{}' {} --window 0.5 --hop 0.25 --timeline --top-k 2 --format json {}",
                                                   at("run").string(), files, options));
    EXPECT_EQ(ran.status, kDone) << ran.err;
    std::vector<double> probabilities;
    collect(nlohmann::json::parse(ran.out, nullptr, false), probabilities);
    EXPECT_FALSE(probabilities.empty());
    return probabilities;
  }
  static void expect_near(const std::vector<double>& a, const std::vector<double>& b, double rounding) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], rounding) << i;
  }
  static std::string quoted(const std::string& name) { return fmt::format("'{}'", at(name).string()); }

 private:
  static void collect(const nlohmann::json& json, std::vector<double>& numbers) {
    if (json.is_number()) numbers.push_back(json.get<double>());
    if (!json.is_structured()) return;
    for (const auto& part : json) collect(part, numbers);
  }
  static inline std::unique_ptr<ScratchFolder> scratch_;
};

TEST_F(SameAnswers, TrainingOnAnyNumberOfThreads) {
  const Hdf5File first(at("run/last.h5"));
  for (const std::string threads : {"2", "3", "5"}) {
    train("again", "--threads " + threads);
    const Hdf5File again(at("again/last.h5"));
    int compared = 0;
    for (const std::string& name : first.names()) {
      if (name.find("weight") == std::string::npos && name.find("bias") == std::string::npos &&
          name.find("running_") == std::string::npos)
        continue;
      const Tensor a = first.read(name), b = again.read(name);
      EXPECT_TRUE(a.bytes() == b.bytes() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0) << name << ", threads " << threads;
      ++compared;
    }
    EXPECT_GT(compared, 10);
    fs::remove_all(at("again"));
  }
}

TEST_F(SameAnswers, JudgingInAnyBatches) {
  for (const std::string precision : {"fp32", "bf16"}) {
    for (const std::string tta : {"", " --tta 3", " --tta 3 --tta-mode max"}) {
      const std::string options = "--precision " + precision + tta;
      const auto exact = [&](const std::string& rest) { return judged("--deterministic " + options + rest); };
      const std::vector<double> one = exact(" --batch-size 1 --threads 1");
      EXPECT_EQ(exact(" --batch-size 64 --threads 3"), one) << options;
      // Without it, rounding alone differs.
      expect_near(judged(options + " --batch-size 64"), one, precision == "fp32" ? 1e-4 : 2e-2);
    }
  }
}

TEST_F(SameAnswers, HearingInAnyBatches) {
  const std::string files = quoted("long.wav");
  for (const std::string precision : {"fp32", "bf16"}) {
    const std::string options = "--tta 3 --precision " + precision;
    const std::vector<double> one = heard(files, options + " --deterministic --batch-size 1 --threads 1");
    for (const int batch : {3, 8}) {
      EXPECT_EQ(heard(files, fmt::format("{} --deterministic --threads 2 --batch-size {}", options, batch)), one);
    }
    expect_near(heard(files, options + " --batch-size 64"), one, precision == "fp32" ? 1e-4 : 2e-2);
  }
}

TEST_F(SameAnswers, AFileIsHeardAloneAsAmongOthers) {
  const std::vector<double> alone = heard(quoted("data/low/3.wav"), "--tta 3 --deterministic"),
                            among = heard(quoted("data/high/1.wav") + " " + quoted("data/low/3.wav"), "--tta 3 --deterministic");
  ASSERT_GT(among.size(), alone.size());
  EXPECT_EQ(std::vector<double>(among.end() - static_cast<std::ptrdiff_t>(alone.size()), among.end()), alone);
}

}  // namespace
}  // namespace cudenza::testing
