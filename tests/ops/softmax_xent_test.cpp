/// What an OpCase cannot say of the cross-entropies: PyTorch's numbers, large logits, refused arguments.
#include "engine/ops/softmax_xent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/softmax_xent/softmax_xent_math.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

Tensor matrix() { return Tensor::from(std::vector<double>{1.5, -0.5, 0.25, 2.0, 0.0, -3.0}, {2, 3}); }
Tensor labels_2_0() { return Tensor::from(std::vector<int64_t>{2, 0}, {2}); }

void expect_loss_and_gradient(const Tensor& x, const Tensor& loss, double value, const std::vector<double>& gradient) {
  EXPECT_EQ(loss.shape(), Shape{});
  EXPECT_NEAR(loss.item(), value, 1e-14);
  loss.backward();
  for (size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(x.grad().to_vector<double>()[i], gradient[i], 1e-14) << i;
}

// torch.nn.functional.cross_entropy in float64.
TEST(SoftmaxCrossEntropy, IsPyTorchs) {
  const Tensor x = matrix().set_requires_grad(true);
  expect_loss_and_gradient(x, softmax_cross_entropy(x, labels_2_0()), 0.8673985487651887,
                           {0.35165698801088696, 0.047591598074587495, -0.39924858608547453, -0.062199702468456186,
                            0.05924982726750479, 0.00294987520095139});
}

TEST(SoftmaxCrossEntropy, SmoothsLabelsAsPyTorch) {
  const Tensor x = matrix().set_requires_grad(true);
  expect_loss_and_gradient(x, softmax_cross_entropy(x, labels_2_0(), {.label_smoothing = 0.1}), 0.9757318820985221,
                           {0.3349903213442203, 0.03092493140792083, -0.3659152527521412, -0.02886636913512286,
                            0.042583160600838124, -0.013716791465715276});
}

TEST(SoftmaxCrossEntropy, MixesAsTwoLossesOfPyTorch) {
  const Tensor x = matrix().set_requires_grad(true);
  const Tensor partner = Tensor::from(std::vector<int64_t>{1, 0}, {2});
  const Tensor lambda = Tensor::from(std::vector<double>{0.75, 0.6}, {2});
  const MixedLabels mixed{labels_2_0(), partner, lambda};
  expect_loss_and_gradient(x, softmax_cross_entropy(x, mixed, {.label_smoothing = 0.1}), 1.7351068820985218,
                           {0.2224903213442203, 0.030924931407920832, -0.2534152527521412, 0.15113363086487716,
                            0.042583160600838124, -0.1937167914657153});
}

TEST(SoftmaxCrossEntropy, TakesSoftTargetsAsPyTorch) {
  const Tensor x = matrix().set_requires_grad(true);
  const Tensor targets = Tensor::from(std::vector<double>{0.5, 0.3, 0.1, 0, 1, 0.5}, {2, 3});
  expect_loss_and_gradient(x, soft_cross_entropy(x, targets, {.label_smoothing = 0.1}), 2.778534225816101,
                           {0.07834119242324043, -0.10835831241879205, 0.03001711999555149, 0.6181437647540718,
                            -0.3807544171287847, -0.23738934762528716});
}

TEST(SoftmaxCrossEntropy, LargeAndMaskedLogitsStayFinite) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> logits{1e4f, 1e4f - 1, -1e4f, 3e38f, -3e38f, 0, -inf, 2, -inf};
  const Tensor x = Tensor::from(logits, {3, 3}).set_requires_grad(true);
  const Tensor loss = softmax_cross_entropy(x, Tensor::from(std::vector<int64_t>{0, 0, 1}, {3}));
  EXPECT_NEAR(loss.item(), std::log1p(std::exp(-1.0)) / 3, 1e-7);
  loss.backward();
  for (const float dx : x.grad().to_vector<float>()) EXPECT_TRUE(std::isfinite(dx));
  const std::vector<float> expected{1 / (1 + std::exp(-1.0f)), 1 / (1 + std::exp(1.0f)), 0, 1, 0, 0, 0, 1, 0};
  const auto y = softmax(x).to_vector<float>();
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(y[i], expected[i]) << i;
}

// Loss 0.0067 at an offset of 1000: the offset must cancel before the small number is formed.
TEST(SoftmaxCrossEntropy, OffsetOfAllLogitsChangesNothing) {
  std::vector<float> near(8, 0), far(8, 1000);
  near[3] = 8, far[3] = 1008;
  const Tensor label = Tensor::from(std::vector<int64_t>{3}, {1});
  const double loss_near = softmax_cross_entropy(Tensor::from(near, {1, 8}), label).item();
  EXPECT_FLOAT_EQ(softmax_cross_entropy(Tensor::from(far, {1, 8}), label).item(), loss_near);
}

TEST(SoftmaxCrossEntropy, KernelFollowsNoLabelOutOfRange) {
  const std::vector<float> x(12, 0.5f);
  const std::vector<int64_t> labels{0, -1, 2, 3};
  std::vector<float> row_loss(4), row_shift(4), dx(12);
  float loss = 0, dloss = 1;
  const kernels::LabelTargets<float> targets{.labels = labels.data()};
  kernels::softmax_xent_forward(kernels::Cpu{}, x.data(), targets, {row_loss.data(), row_shift.data()}, &loss, 4, 3);
  kernels::softmax_xent_backward(kernels::Cpu{}, x.data(), targets, row_shift.data(), &dloss, dx.data(), 4, 3);
  EXPECT_TRUE(std::isnan(loss));
  for (int n = 0; n < 4; ++n) {
    const bool bad = n == 1 || n == 3;
    EXPECT_EQ(std::isnan(row_loss[n]), bad) << n;
    for (int c = 0; c < 3; ++c) EXPECT_EQ(std::isnan(dx[3 * n + c]), bad) << n << ',' << c;
  }
}

/// Every row of x [rows, classes] alone gives what it gives among the others, to the bit.
template <class T> void expect_rows_stand_alone(int64_t rows, int64_t classes) {
  using kernels::Cpu;
  const auto size = static_cast<size_t>(rows * classes);
  std::vector<T> x(size), dy(size), y(size), dx(size), dlogits(size);
  std::vector<int64_t> labels(static_cast<size_t>(rows));
  for (size_t i = 0; i < size; ++i) x[i] = T(static_cast<float>(i * 7 % 1013) * 0.01f), dy[i] = T(static_cast<float>(i % 17) - 8);
  for (size_t n = 0; n < labels.size(); ++n) labels[n] = static_cast<int64_t>(n) % classes;
  std::vector<float> loss(labels.size()), shift(labels.size());
  float mean = 0, dloss = static_cast<float>(rows);
  const auto targets_of = [&](int64_t n) { return kernels::LabelTargets<float>{.labels = &labels[static_cast<size_t>(n)]}; };
  kernels::softmax_xent_forward(Cpu{}, x.data(), targets_of(0), {loss.data(), shift.data()}, &mean, rows, classes);
  kernels::softmax_xent_backward(Cpu{}, x.data(), targets_of(0), shift.data(), &dloss, dlogits.data(), rows, classes);
  kernels::softmax_forward(Cpu{}, kernels::LogSoftmax{}, x.data(), y.data(), rows, classes);
  kernels::softmax_backward(Cpu{}, kernels::LogSoftmax{}, y.data(), dy.data(), dx.data(), rows, classes);
  const float one = 1;
  for (const int64_t n : {int64_t{0}, int64_t{1}, rows / 2 - 1, rows / 2, rows - 2, rows - 1}) {
    const T *x_row = &x[static_cast<size_t>(n * classes)], *dy_row = &dy[static_cast<size_t>(n * classes)];
    std::vector<T> row(static_cast<size_t>(classes)), gradient(row.size()), logits(row.size());
    float row_loss = 0, row_shift = 0, row_mean = 0;
    kernels::softmax_xent_forward(Cpu{}, x_row, targets_of(n), {&row_loss, &row_shift}, &row_mean, 1, classes);
    kernels::softmax_xent_backward(Cpu{}, x_row, targets_of(n), &row_shift, &one, logits.data(), 1, classes);
    kernels::softmax_forward(Cpu{}, kernels::LogSoftmax{}, x_row, row.data(), 1, classes);
    kernels::softmax_backward(Cpu{}, kernels::LogSoftmax{}, row.data(), dy_row, gradient.data(), 1, classes);
    EXPECT_EQ(loss[static_cast<size_t>(n)], row_loss) << n;
    for (int64_t c = 0; c < classes; ++c) {
      const auto i = static_cast<size_t>(n * classes + c), k = static_cast<size_t>(c);
      ASSERT_EQ(static_cast<float>(y[i]), static_cast<float>(row[k])) << n << ',' << c;
      ASSERT_EQ(static_cast<float>(dx[i]), static_cast<float>(gradient[k])) << n << ',' << c;
      ASSERT_EQ(static_cast<float>(dlogits[i]), static_cast<float>(logits[k])) << n << ',' << c;
    }
  }
}

// Results from 16 MiB on are streamed past the cache; rows that are no whole lines share one.
TEST(SoftmaxCrossEntropy, LargeResultsAreThoseOfEachRow) {
  expect_rows_stand_alone<float>(4219, 1003);
  expect_rows_stand_alone<bf16>(8411, 1003);
  expect_rows_stand_alone<float>(1031, 4109);
}

// At most 32 classes: rows are worked on side by side.
TEST(SoftmaxCrossEntropy, ShortRowsAreThoseOfEachRow) {
  for (const int64_t classes : {2, 10, 16, 17, 32}) {
    expect_rows_stand_alone<float>(75, classes);
    expect_rows_stand_alone<bf16>(75, classes);
  }
}

/// The text of the UsageError that f throws; empty if it throws none.
template <class F> std::string refusal(F&& f) {
  try {
    f();
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

TEST(SoftmaxCrossEntropy, RefusesWhatCannotWork) {
  const Tensor x = Tensor::zeros({2, 10}, DType::f32), labels = labels_2_0();
  EXPECT_EQ(refusal([&] {
              softmax_cross_entropy(x, Tensor::from(std::vector<int64_t>{3, 10}, {2}));
            }),
            "softmax_cross_entropy: label 10 of row 1 is outside [0, 10), the number of classes");
  EXPECT_EQ(refusal([&] { softmax_cross_entropy(x, labels.to(DType::f32)); }),
            "softmax_cross_entropy: labels must be i64 [2] beside logits f32 [2,10], but got f32 [2]");
  EXPECT_EQ(refusal([&] { softmax_cross_entropy(x, labels, {.label_smoothing = 1.5}); }),
            "softmax_cross_entropy: label_smoothing is 1.5, but must lie in [0, 1]");
  EXPECT_EQ(refusal([&] {
              softmax_cross_entropy(x, MixedLabels{labels, labels, Tensor::zeros({2}, DType::f32)});
            }),
            "softmax_cross_entropy: partner 2 of row 0 is outside [0, 2), the number of labels");
  EXPECT_EQ(refusal([&] { soft_cross_entropy(x, x.clone().set_requires_grad(true)); }),
            "soft_cross_entropy: no gradient flows into targets; pass it with .detach()");
  EXPECT_EQ(refusal([&] { softmax(Tensor::zeros({}, DType::f32)); }), "softmax: x is a scalar, but needs an axis of classes");
}

}  // namespace
}  // namespace cudenza::testing
