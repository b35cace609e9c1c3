/// The library's Classifier: what the program's predict says, for files and for samples.
#include "apps/study/classifier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/libraries/math_mode.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"
#include "tests/support/untrained_model.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr int kRate = 44100;
const Compute kExact{.device = "cpu", .precision = "fp32", .deterministic = true};

/// Left and right of different pitch, growing louder, so that every window is another.
std::vector<float> stereo(double seconds) {
  const std::vector<float> left = sine(440, kRate, seconds), right = sine(3000, kRate, seconds);
  std::vector<float> both;
  for (size_t i = 0; i < left.size(); ++i) {
    const float loudness = static_cast<float>(i + 1) / static_cast<float>(left.size());
    both.insert(both.end(), {left[i] * loudness, right[i] * (1 - loudness)});
  }
  return both;
}

class ClassifierTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>();
    write_untrained_model(run() / "best.h5");
  }
  static void TearDownTestSuite() { scratch_.reset(); }

  static const fs::path& run() { return scratch_->path(); }
  static fs::path written(const std::string& name, const std::vector<float>& interleaved, int channels = 2) {
    EXPECT_TRUE(write_sound(run() / name, sound::kWav | sound::kFloat, kRate, channels, interleaved));
    return run() / name;
  }

  static inline std::unique_ptr<ScratchFolder> scratch_;
  ExactMath restores_;  // a classifier sets the process's MathMode
};

void expect_same(const Prediction& a, const Prediction& b) {
  EXPECT_EQ(a.probabilities, b.probabilities);
  EXPECT_EQ(a.seconds, b.seconds);
  EXPECT_EQ(a.remarks, b.remarks);
  ASSERT_EQ(a.windows.size(), b.windows.size());
  for (size_t i = 0; i < a.windows.size(); ++i) {
    EXPECT_EQ(a.windows[i].begin, b.windows[i].begin) << i;
    EXPECT_EQ(a.windows[i].end, b.windows[i].end) << i;
    EXPECT_EQ(a.windows[i].probabilities, b.windows[i].probabilities) << i;
  }
}

TEST_F(ClassifierTest, SaysWhatPredictSays) {
  const fs::path file = written("a.wav", stereo(2.6));
  const Ran ran = run_program(fmt::format(
      "predict '{}' '{}' --device cpu --precision fp32 --deterministic --tta 2 --aggregate max --format json --timeline",
      run().string(), file.string()));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto said = nlohmann::json::parse(ran.out).at(0);
  const Classifier classifier(run(), {.compute = kExact, .aggregate = Aggregate::max, .tta = 2});
  const Prediction heard = classifier(file);
  const std::vector<NamedProbability> top = heard.top();
  ASSERT_EQ(said["top"].size(), top.size());
  for (size_t k = 0; k < top.size(); ++k) {
    EXPECT_EQ(said["top"][k]["label"], top[k].name);
    EXPECT_EQ(said["top"][k]["probability"], top[k].probability);
  }
  EXPECT_EQ(said["seconds"], heard.seconds);
  ASSERT_EQ(said["timeline"].size(), heard.windows.size());
  EXPECT_EQ(heard.windows.size(), 5u);  // the last at 2 s, of 0.6 s
}

TEST_F(ClassifierTest, SamplesAreHeardAsTheirFile) {
  struct Case {
    double seconds, window, hop;
  };
  for (const auto& [seconds, window, hop] : {Case{2.6, 0, 0}, {0.3, 0, 0}, {2.0, 0.5, 0.5}, {2.0, 1, 0.25}}) {
    SCOPED_TRACE(fmt::format("{} s, windows of {} s every {} s", seconds, window, hop));
    const std::vector<float> samples = stereo(seconds);
    const Classifier classifier(run(), {.compute = kExact, .window = window, .hop = hop, .batch_size = 3});
    expect_same(classifier({.interleaved = samples, .sample_rate = kRate, .channels = 2}), classifier(written("b.wav", samples)));
  }
  const std::vector<float> mono = sine(440, kRate, 1.2, 20000);  // far beyond full scale: there is a remark
  const Classifier classifier(run(), {.compute = kExact});
  const Prediction heard = classifier({.interleaved = mono, .sample_rate = kRate});
  expect_same(heard, classifier(written("mono.wav", mono, 1)));
  EXPECT_EQ(heard.remarks.size(), 1u);
}

/// A file is entered anew behind each gap, where resampling begins again: the last bit of a sample may differ.
TEST_F(ClassifierTest, GapsBetweenWindowsAreTheSameToo) {
  const std::vector<float> samples = stereo(2.2);
  const Classifier classifier(run(), {.compute = kExact, .window = 0.5, .hop = 0.8});
  const Prediction a = classifier({samples, kRate, 2}), b = classifier(written("gaps.wav", samples));
  ASSERT_EQ(a.windows.size(), 3u);
  ASSERT_EQ(b.windows.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(a.windows[i].begin, b.windows[i].begin) << i;
    EXPECT_EQ(a.windows[i].end, b.windows[i].end) << i;
    for (size_t c = 0; c < 2; ++c)
      EXPECT_NEAR(std::log(a.windows[i].probabilities[c]), std::log(b.windows[i].probabilities[c]), 1e-3) << i;
  }
}

TEST_F(ClassifierTest, ThreadsTakeTurns) {
  const std::vector<float> samples[] = {stereo(1.3), stereo(0.7)};
  const Classifier classifier(run(), {.compute = kExact});
  const auto heard = [&](size_t which) { return classifier({samples[which], kRate, 2}); };
  const Prediction alone[] = {heard(0), heard(1)};
  Prediction together[2];
  {
    std::jthread first([&] { together[0] = heard(0); }), second([&] { together[1] = heard(1); });
  }
  for (size_t i = 0; i < 2; ++i) expect_same(together[i], alone[i]);
}

TEST_F(ClassifierTest, TopIsSorted) {
  const auto classes = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"a", "b", "c"});
  const Prediction p{.classes = classes, .probabilities = {0.2, 0.5, 0.3}};
  const auto top = p.top(2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].name, "b");
  EXPECT_EQ(top[0].probability, 0.5);
  EXPECT_EQ(top[1].name, "c");
  EXPECT_EQ(p.top(7).size(), 3u);
}

TEST_F(ClassifierTest, SaysWhatItCannotHear) {
  const Classifier classifier(run() / "best.h5", {.compute = kExact});  // the file itself
  EXPECT_EQ(classifier.classes(), (std::vector<std::string>{"high", "low"}));
  EXPECT_EQ(classifier.media(), Media::sound);
  std::vector<float> samples = stereo(0.5);
  const auto fault = [&](int rate, int channels) { return [&, rate, channels] { classifier({samples, rate, channels}); }; };
  expect_says(message_of<UsageError>(fault(0, 2)), "0 Hz and 2 channels make no sound");
  expect_says(message_of<UsageError>(fault(kRate, 0)), "0 channels make no sound");
  expect_says(message_of<UsageError>(fault(kRate, 11)), "cannot be frames of 11 channels");
  samples[2 * 4410] = std::numeric_limits<float>::quiet_NaN();
  expect_says(message_of<DataError>(fault(kRate, 2)), "the first at 0.100 s");
  samples.resize(2);
  expect_says(message_of<DataError>(fault(kRate, 2)), "too short");
  samples.clear();
  expect_says(message_of<UsageError>(fault(kRate, 2)), "there are none");
  expect_says(message_of<DataError>([&] { classifier(run() / "none.wav"); }), "none.wav: there is no such file");
  expect_says(message_of<DataError>([&] { Classifier(run() / "nowhere"); }), "nowhere");
  expect_says(message_of<UsageError>([&] { Classifier(run(), {.compute = kExact, .hop = 1e-9}); }), "must be positive");
  expect_says(message_of<UsageError>([&] { Classifier(run(), {.compute = {.device = "cpu", .precision = "fp7"}}); }),
              "`precision` is fp7");
}

}  // namespace
}  // namespace cudenza::testing
