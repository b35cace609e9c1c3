#include "engine/ops/conv.h"

#include <gtest/gtest.h>

#include "engine/autograd/node.h"

namespace cudenza::testing {
namespace {

std::string error_of(const Tensor& x, const Tensor& w, const Conv2dSpec& spec = {}, const Tensor& bias = {}) {
  try {
    conv2d(x, w, spec, bias);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

Tensor zeros(const Shape& shape, DType dtype = DType::f32) { return Tensor::zeros(shape, dtype); }

TEST(Conv2d, KnownValues) {
  std::vector<float> picture(9);
  for (size_t i = 0; i < 9; ++i) picture[i] = static_cast<float>(i + 1);
  const Tensor x = Tensor::from(picture, {1, 3, 3, 1}), w = Tensor::from(std::vector<float>{1, 2, 3, 4}, {1, 2, 2, 1});
  EXPECT_EQ(conv2d(x, w).to_vector<float>(), (std::vector<float>{37, 47, 67, 77}));
  EXPECT_EQ(conv2d(x, w, {.stride = 2, .pad = 1}, Tensor::from(std::vector<float>{0.5f}, {1})).to_vector<float>(),
            (std::vector<float>{4.5f, 18.5f, 36.5f, 77.5f}));
}

TEST(Conv2d, ErrorsNameValuesAndRemedy) {
  EXPECT_EQ(error_of(zeros({64, 224, 224, 1}), zeros({64, 7, 7, 3})),
            "conv2d: x has 1 channel but w expects 3 (x [64,224,224,1], w [64,7,7,3]); repeat the spectrogram to 3 channels.");
  EXPECT_EQ(error_of(zeros({2, 5, 5, 4}), zeros({8, 3, 3, 3})),
            "conv2d: x has 4 channels but w expects 3 (x [2,5,5,4], w [8,3,3,3]); x is [N,H,W,C] and w [K,R,S,C], channels last "
            "in both.");
  EXPECT_EQ(error_of(zeros({5, 5, 3}), zeros({8, 3, 3, 3})), "conv2d: x is [5,5,3] but must be a batch of pictures [N,H,W,C]");
  EXPECT_EQ(error_of(zeros({1, 5, 5, 3}), zeros({8, 3})), "conv2d: w is [8,3] but must be filters [K,R,S,C]");
  EXPECT_EQ(error_of(zeros({1, 5, 5, 3}, DType::bf16), zeros({8, 3, 3, 3})),
            "conv2d: x is bf16 but w is f32; cast() one to the other");
  EXPECT_EQ(error_of(zeros({1, 5, 5, 3}, DType::u8), zeros({8, 3, 3, 3}, DType::u8)),
            "conv2d: x is u8 but w is u8; cast() both to a floating type");
  EXPECT_EQ(error_of(zeros({0, 5, 5, 3}), zeros({8, 3, 3, 3})), "conv2d: x [0,5,5,3] or w [8,3,3,3] is empty");
  EXPECT_EQ(error_of(zeros({1, 5, 5, 3}), zeros({8, 3, 3, 3}), {.stride = 0}),
            "conv2d: stride is 0 and pad 0; stride must be at least 1 and pad at least 0");
  EXPECT_EQ(error_of(zeros({1, 5, 4, 3}), zeros({8, 7, 7, 3}), {.pad = 1}),
            "conv2d: the filter is larger than the padded picture (x [1,5,4,3], w [8,7,7,3], pad 1); use larger pictures or more "
            "padding");
  EXPECT_EQ(error_of(zeros({1, 5, 5, 3}, DType::bf16), zeros({8, 3, 3, 3}, DType::bf16), {}, zeros({8}, DType::bf16)),
            "conv2d: the bias is bf16 [8] on cpu; with bf16 x on cpu and 8 filters it must be f32 [8] there");
}

TEST(Conv2d, KeepsOnlyWhatItsGradientsNeed) {
  const Tensor x = zeros({1, 4, 4, 2}), w = zeros({3, 3, 3, 2});
  EXPECT_FALSE(conv2d(x, w).tracks_grad());
  w.set_requires_grad(true);
  conv2d(x, w).backward(zeros({1, 2, 2, 3}));
  EXPECT_TRUE(w.grad().defined());
  EXPECT_FALSE(x.grad().defined());
  NoGrad no_grad;
  EXPECT_FALSE(conv2d(x, w).tracks_grad());
}

}  // namespace
}  // namespace cudenza::testing
