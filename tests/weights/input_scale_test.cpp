/// Preprocessing in the first convolution: the same results from our pictures as the file's network gives from its own.
#include "weights/input_scale.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/messages.h"

namespace cudenza::testing {
namespace {

constexpr size_t kSide = 6, kOutputs = 2, kTaps = 9;
constexpr std::array<double, 3> kMean{0.485, 0.456, 0.406}, kStd{0.229, 0.224, 0.225};

double wave(size_t i) { return std::sin(static_cast<double>(7 * i + 3)); }

/// A picture's channel c at position p, in 0..1.
double colour(size_t c, size_t p) { return 0.5 + 0.5 * wave(c * kSide * kSide + p); }

/// A 3x3 convolution with zeros around the picture: result [output, position].
std::vector<double> convolved(const std::vector<float>& filter, const std::vector<float>& bias,
                              const std::vector<std::vector<double>>& channels) {
  std::vector<double> result;
  for (size_t o = 0; o < kOutputs; ++o) {
    for (size_t p = 0; p < kSide * kSide; ++p) {
      double sum = bias[o];
      for (size_t c = 0; c < 3; ++c) {
        for (size_t tap = 0; tap < kTaps; ++tap) {
          const size_t y = p / kSide + tap / 3, x = p % kSide + tap % 3;  // of the picture with a border of one
          if (y == 0 || x == 0 || y > kSide || x > kSide) continue;
          sum += static_cast<double>(filter[(o * 3 + c) * kTaps + tap]) * channels[c][(y - 1) * kSide + x - 1];
        }
      }
      result.push_back(sum);
    }
  }
  return result;
}

/// What the file's network is given in channel `channel`, of a colour picture in 0..1.
double file_input(InputScale scale, size_t channel, size_t p) {
  constexpr std::array<double, 3> kCaffe{103.939, 116.779, 123.68};
  switch (scale) {
    case InputScale::torch: return (colour(channel, p) - kMean[channel]) / kStd[channel];
    case InputScale::caffe: return 255 * colour(2 - channel, p) - kCaffe[channel];
    default: return 2 * colour(channel, p) - 1;
  }
}

struct Difference {
  double inside = 0, border = 0, largest = 0;  ///< the largest of each, and of the results themselves
};

/// Between the file's network on its input and the folded one on ours.
Difference difference_of(InputScale scale) {
  std::vector<float> filter, bias{0.25F, -0.5F};
  for (size_t i = 0; i < kOutputs * 3 * kTaps; ++i) filter.push_back(static_cast<float>(wave(i)));
  std::vector<std::vector<double>> theirs(3), ours(3);
  for (size_t c = 0; c < 3; ++c) {
    for (size_t p = 0; p < kSide * kSide; ++p) {
      theirs[c].push_back(file_input(scale, c, p));
      ours[c].push_back((colour(c, p) - kMean[c]) / kStd[c]);
    }
  }
  const std::vector<double> wanted = convolved(filter, bias, theirs);
  const InputFold fold(scale, kMean, kStd, expected_tensors("vgg16"));
  const std::vector<double> shift = fold.shift(filter, kOutputs);
  fold.apply_to_shifted(bias, shift);
  fold.apply_to_filter(filter, kOutputs);
  const std::vector<double> got = convolved(filter, bias, ours);
  Difference d;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const size_t y = i % (kSide * kSide) / kSide, x = i % kSide;
    const bool is_border = y == 0 || x == 0 || y + 1 == kSide || x + 1 == kSide;
    double& worst = is_border ? d.border : d.inside;
    worst = std::max(worst, std::abs(got[i] - wanted[i]));
    d.largest = std::max(d.largest, std::abs(wanted[i]));
  }
  return d;
}

TEST(InputScale, InsideThePictureNothingChangesButTheRounding) {
  for (const InputScale scale : {InputScale::caffe, InputScale::tf}) {
    const Difference d = difference_of(scale);
    EXPECT_LT(d.inside, 1e-6 * d.largest) << name_of(scale);
    EXPECT_GT(d.border, 1e-4 * d.largest) << name_of(scale);  // or this test would see nothing
  }
}

/// At the border a filter's tap on zeros counts d there: half a step of 255, or 0.19 of tf's range of 2, of each weight.
TEST(InputScale, AtTheBorderTheMeansDiffer) {
  EXPECT_LT(difference_of(InputScale::caffe).border, 15 * (0.005 + 0.499 + 0.409));
  EXPECT_LT(difference_of(InputScale::tf).border, 15 * (0.03 + 0.088 + 0.188));
}

TEST(InputScale, WithoutABiasTheRunningMeanTakesTheSum) {
  for (const std::string arch : {"resnet34", "resnet50", "resnetrs50"}) {
    const InputFold fold(InputScale::caffe, kMean, kStd, expected_tensors(arch));
    EXPECT_EQ(fold.filter(), arch == "resnetrs50" ? "conv1.0.weight" : "conv1.weight");
    EXPECT_EQ(fold.shifted(), arch == "resnetrs50" ? "conv1.1.running_mean" : "bn1.running_mean");
    std::vector<float> mean{1};
    fold.apply_to_shifted(mean, std::vector<double>{0.25});
    EXPECT_EQ(mean[0], 0.75F);
  }
  for (const std::string arch : {"alexnet", "vgg16", "vgg16_bn"})
    EXPECT_EQ(InputFold(InputScale::tf, kMean, kStd, expected_tensors(arch)).shifted(), "features.0.bias");
}

TEST(InputScale, NamesAreTheProgramsOptions) {
  for (const char* name : {"torch", "caffe", "tf"}) EXPECT_EQ(name_of(input_scale_from_name(name)), name);
  expect_says(message_of<UsageError>([] { input_scale_from_name("bgr"); }), "there is no input_scale 'bgr'");
  EXPECT_TRUE(InputFold(InputScale::torch, kMean, kStd, expected_tensors("vgg16")).changes_nothing());
}

}  // namespace
}  // namespace cudenza::testing
