/// How the flat buffer is cut into buckets.
#include "engine/train/gradient_buckets.h"

#include <gtest/gtest.h>

namespace cudenza::testing {
namespace {

using Buckets = std::vector<GradientBucket>;

Parameter parameter(const std::string& name, int64_t count, ParameterKind kind = ParameterKind::weight) {
  return {name, Tensor::zeros({count}, DType::f32), kind};
}

/// Weights [0, 64) and [64, 96), norm [96, 112), biases [112, 144); the head's weight [144, 400) and bias [400, 416).
FlatParameters two_groups() {
  using enum ParameterKind;
  return FlatParameters({{"body",
                          {parameter("w1", 64), parameter("b1", 3, bias), parameter("w2", 32), parameter("n2", 16, norm),
                           parameter("b2", 16, bias)}},
                         {"head", {parameter("w3", 250), parameter("b3", 2, bias)}}});
}

TEST(GradientBuckets, GoFromTheHeadToTheInput) {
  const FlatParameters parameters = two_groups();
  EXPECT_EQ(buckets_of(parameters), (Buckets{{144, 400, 1}, {400, 416, 1}, {0, 96, 2}, {96, 144, 3}}));
  EXPECT_EQ(buckets_of(parameters, 1),
            (Buckets{{144, 400, 1}, {400, 416, 1}, {64, 96, 1}, {0, 64, 1}, {128, 144, 1}, {112, 128, 1}, {96, 112, 1}}));
  EXPECT_EQ(buckets_of(parameters, 32 * 4),
            (Buckets{{144, 400, 1}, {400, 416, 1}, {64, 96, 1}, {0, 64, 1}, {112, 144, 2}, {96, 112, 1}}));
}

TEST(GradientBuckets, HoldEverythingThatTrainsAndNothingElse) {
  FlatParameters parameters = two_groups();
  for (const auto& [first_group, norms_too] : {std::pair{0, false}, {1, false}, {1, true}}) {
    parameters.freeze_to(first_group, norms_too);
    for (const int64_t bytes : {1, 100, 1'000, 1'000'000}) {
      std::vector<int> times(static_cast<size_t>(parameters.values().numel()));
      for (const GradientBucket& bucket : buckets_of(parameters, bytes)) {
        for (int64_t i = bucket.begin; i < bucket.end; ++i) ++times[static_cast<size_t>(i)];
      }
      for (const FlatParameters::Section& section : parameters.sections()) {
        for (int64_t i = section.begin; i < section.end; ++i) EXPECT_EQ(times[static_cast<size_t>(i)], section.trains) << i;
      }
    }
  }
}

TEST(GradientBuckets, NormsOfAFrozenGroupLeaveByThemselves) {
  FlatParameters parameters = two_groups();
  parameters.freeze_to(1);
  EXPECT_EQ(buckets_of(parameters), (Buckets{{144, 400, 1}, {400, 416, 1}, {96, 112, 1}}));
}

}  // namespace
}  // namespace cudenza::testing
