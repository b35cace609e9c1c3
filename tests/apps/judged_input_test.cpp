/// What a network is shown in augmented passes when it is judged.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "apps/study/labelled_rows.h"

namespace cudenza {
namespace {

/// How many of the values that ten augmented passes over a white picture show are black.
int64_t black_in_variants(HeadKind head, int columns) {
  const Rows rows{.data = Tensor::full({1, 8, 40, 3}, 255, DType::u8), .item = {}, .in_16_bits = 0, .bad = {}, .remarks = {}};
  InputSpec spec;
  spec.media = Media::pictures;
  spec.normalize = Normalize::none;
  spec.picture.height = 8, spec.picture.width = columns;
  const auto input = make_judged_input(rows, spec, head, Device::cpu(), DType::f32, 1);
  return std::ranges::count(input->variants(std::array<int64_t, 1>{0}, 10).to_vector<float>(), 0.0f);
}

TEST(JudgedInput, HasHolesForHeadsThatTrainedWithThem) {
  EXPECT_GT(black_in_variants(HeadKind::fastai, 40), 0);
  EXPECT_GT(black_in_variants(HeadKind::fastai, 20), 0);
}

TEST(JudgedInput, HasNoneForAHeadThatWasFittedToWholePictures) {
  EXPECT_EQ(black_in_variants(HeadKind::pyramid, 40), 0);
  EXPECT_EQ(black_in_variants(HeadKind::pyramid, 20), 0);
}

}  // namespace
}  // namespace cudenza
