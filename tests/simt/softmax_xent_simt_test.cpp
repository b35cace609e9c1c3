/// The kernel's answer to labels that a GPU cannot check beforehand.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/simt/simt.h"
#include "kernels/softmax_xent/softmax_xent.h"

namespace cudenza::kernels {
namespace {

// The labels, partners and lambdas are vectors of their exact size: AddressSanitizer sees a read that follows a bad index.
TEST(SoftmaxXentSimt, NoLabelOrPartnerOutOfRangeIsFollowed) {
  simt::set_order(simt::Order::kRandom);
  constexpr int64_t rows = 6, classes = 8;
  const std::vector<float> x(rows * classes, 0.5f), lambda(rows, 0.75f);
  const std::vector<int64_t> labels{0, 8, 7, -5, 3, 3}, partner{0, 2, 1, 4, 1'000'000, rows};
  std::vector<float> row_loss(rows), row_shift(rows), dx(rows * classes);
  float loss = 0, dloss = 1;
  const LabelTargets<float> targets{labels.data(), partner.data(), lambda.data(), 0.1};
  softmax_xent_forward(Gpu{}, x.data(), targets, {row_loss.data(), row_shift.data()}, &loss, rows, classes);
  softmax_xent_backward(Gpu{}, x.data(), targets, row_shift.data(), &dloss, dx.data(), rows, classes);
  EXPECT_TRUE(std::isnan(loss));
  for (int64_t n = 0; n < rows; ++n) {
    EXPECT_EQ(std::isnan(row_loss[n]), n > 0) << n;  // row 2's own label is right, but its partner's is not
    for (int64_t c = 0; c < classes; ++c) EXPECT_EQ(std::isnan(dx[n * classes + c]), n > 0) << n << ',' << c;
  }
}

// A row that begins off the pack's border goes by single elements.
TEST(SoftmaxXentSimt, MisalignedLogitsGiveTheSameLoss) {
  simt::set_order(simt::Order::kReverse);
  constexpr int64_t rows = 3, classes = 8;
  std::vector<float> x(rows * classes + 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 7 % 5);
  const std::vector<float> aligned(x.begin() + 1, x.end());
  const std::vector<int64_t> labels{1, 2, 3};
  std::vector<float> row_loss(rows), row_shift(rows);
  float loss = 0, expected = 1;
  const LabelTargets<float> targets{.labels = labels.data()};
  softmax_xent_forward(Gpu{}, x.data() + 1, targets, {row_loss.data(), row_shift.data()}, &loss, rows, classes);
  softmax_xent_forward(Gpu{}, aligned.data(), targets, {row_loss.data(), row_shift.data()}, &expected, rows, classes);
  EXPECT_FLOAT_EQ(loss, expected);
}

}  // namespace
}  // namespace cudenza::kernels
