/// Pooling against PyTorch's numbers, its order of winners, and what it refuses.
#include "engine/ops/pool.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "engine/core/gpu.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

/// [1,5,6,1] with x[p,q] = (6p + q) * 7 % 11 - 4: full of ties.
Tensor picture() {
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(i * 7 % 11 - 4);
  return Tensor::from(values, {1, 5, 6, 1});
}

/// What PyTorch 2.15 gives for picture(), and for the gradient 1, 2, 3 … of the result.
struct Known {
  std::string name;
  std::function<Tensor(const Tensor&)> op;
  Shape shape;
  std::vector<double> y, dx;
};

std::vector<Known> known_pools() {
  return {
      {"max_k3_s2_p1",
       [](const Tensor& x) { return max_pool2d(x, {.kernel = 3, .stride = 2, .pad = 1}); },
       {1, 3, 3, 1},
       {5, 6, 6, 5, 6, 5, 6, 6, 5},
       {0, 0, 0, 5, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 9, 0}},
      {"max_k3_s2_ceil",
       [](const Tensor& x) { return max_pool2d(x, {.kernel = 3, .stride = 2, .ceil_mode = true}); },
       {1, 2, 3, 1},
       {6, 6, 5, 6, 6, 5},
       {0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"max_k2_s3_p1_ceil",
       [](const Tensor& x) { return max_pool2d(x, {.kernel = 2, .stride = 3, .pad = 1, .ceil_mode = true}); },
       {1, 2, 3, 1},
       {-4, 6, -2, 3, 6, 5},
       {1, 0, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 4, 0, 5, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
      {"avg_k3_s2_p1_ceil",
       [](const Tensor& x) { return avg_pool2d(x, {.kernel = 3, .stride = 2, .pad = 1, .ceil_mode = true}); },
       {1, 3, 4, 1},
       {0.555555556, 1.11111111, 0.666666667, -1, 0.666666667, 1.11111111, 0.444444444, 0.666666667, 0.333333333, 0.777777778,
        0.333333333, 0.666666667},
       {0.111111111, 0.333333333, 0.222222222, 0.555555556, 0.333333333, 1,          0.666666667, 1.55555556,
        0.888888889, 2,           1.11111111,  3.11111111,  0.555555556, 1.22222222, 0.666666667, 1.44444444,
        0.777777778, 2.11111111,  1.55555556,  3.33333333,  1.77777778,  3.77777778, 2,           5.33333333,
        1,           2.11111111,  1.11111111,  2.33333333,  1.22222222,  3.22222222}},
      {"avg_k3_s2_p1_ceil_pad_not_counted",
       [](const Tensor& x) {
         return avg_pool2d(x, {.kernel = 3, .stride = 2, .pad = 1, .ceil_mode = true, .count_include_pad = false});
       },
       {1, 3, 4, 1},
       {1.25, 1.66666667, 1, -3, 1, 1.11111111, 0.444444444, 1.33333333, 0.75, 1.16666667, 0.5, 2},
       {0.25,        0.583333333, 0.333333333, 0.833333333, 0.5,         2.5,        1.08333333,  2.08333333,
        1,           2.27777778,  1.27777778,  5.94444444,  0.833333333, 1.5,        0.666666667, 1.44444444,
        0.777777778, 3.44444444,  3.08333333,  5.41666667,  2.33333333,  4.94444444, 2.61111111,  11.2777778,
        2.25,        3.91666667,  1.66666667,  3.5,         1.83333333,  7.83333333}},
      {"avg_k4_s3_p2_ceil",
       [](const Tensor& x) { return avg_pool2d(x, {.kernel = 4, .stride = 3, .pad = 2, .ceil_mode = true}); },
       {1, 3, 3, 1},
       {0.3125, 0.75, -0.25, 0.6875, 0.9375, 0.25, 0.416666667, 0.916666667, 0.5},
       {0.0625, 0.1875, 0.125,  0.125,  0.3125,      0.1875, 0.3125,      0.75,        0.4375,     0.4375,
        1,      0.5625, 0.25,   0.5625, 0.3125,      0.3125, 0.6875,      0.375,       0.25,       0.5625,
        0.3125, 0.3125, 0.6875, 0.375,  0.833333333, 1.8125, 0.979166667, 0.979166667, 2.10416667, 1.125}},
      {"adaptive_avg_3x4",
       [](const Tensor& x) { return adaptive_avg_pool2d(x, 3, 4); },
       {1, 3, 4, 1},
       {1.25, 0, 3, -1, 1, 0.666666667, 0, -0.333333333, 0.75, 2.25, -0.25, 1.25},
       {0.25, 0.75,       0.5,         0.75,       1.75, 1,          1.08333333, 2.58333333, 1.5,        1.91666667,
        4.25, 2.33333333, 0.833333333, 1.83333333, 1,    1.16666667, 2.5,        1.33333333, 3.08333333, 6.58333333,
        3.5,  3.91666667, 8.25,        4.33333333, 2.25, 4.75,       2.5,        2.75,       5.75,       3}},
      {"adaptive_max_3x4",
       [](const Tensor& x) { return adaptive_max_pool2d(x, 3, 4); },
       {1, 3, 4, 1},
       {5, 3, 6, 2, 5, 6, 4, 5, 6, 6, 5, 5},
       {0, 2, 0, 3, 4, 0, 6, 0, 0, 7, 0, 0, 0, 0, 6, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 19, 0, 0, 23, 0}},
      {"adaptive_max_global",
       [](const Tensor& x) { return adaptive_max_pool2d(x, 1, 1); },
       {1, 1, 1, 1},
       {6},
       {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
  };
}

TEST(Pool, GivesPyTorchsNumbers) {
  for (const Known& known : known_pools()) {
    SCOPED_TRACE(known.name);
    const Tensor x = picture();
    x.set_requires_grad(true);
    const Tensor y = known.op(x);
    EXPECT_TRUE(is_close(y, Tensor::from(known.y, known.shape), {1e-9, 1e-8}));
    std::vector<double> dy(known.y.size());
    for (size_t i = 0; i < dy.size(); ++i) dy[i] = static_cast<double>(i + 1);
    y.backward(Tensor::from(dy, known.shape));
    EXPECT_TRUE(is_close(x.grad(), Tensor::from(known.dx, x.shape()), {1e-9, 1e-8}));
  }
}

/// Where the gradient of a maximum over the whole [1,2,2,1] picture goes.
std::vector<double> winners(const std::vector<double>& values, DType dtype, const std::function<Tensor(const Tensor&)>& op) {
  const Tensor x = Tensor::from(values, {1, 2, 2, 1}).to(dtype);
  x.set_requires_grad(true);
  const Tensor y = op(x);
  y.backward(Tensor::full(y.shape(), 1, dtype));
  return x.grad().to_vector<double>();
}

TEST(MaxPool, TiesInfinitiesAndNaNsGoWhereTheyDoInPyTorch) {
  const std::function<Tensor(const Tensor&)> ops[] = {[](const Tensor& x) { return max_pool2d(x, {}); },
                                                      [](const Tensor& x) { return adaptive_max_pool2d(x, 1, 1); }};
  for (const auto& op : ops) {
    for (const DType dtype : {DType::f32, DType::bf16, DType::f16, DType::f64}) {
      EXPECT_EQ(winners({1, 3, 3, 2}, dtype, op), (std::vector<double>{0, 1, 0, 0}));
      EXPECT_EQ(winners({-0.0, 0.0, 0.0, -0.0}, dtype, op), (std::vector<double>{1, 0, 0, 0}));
      EXPECT_EQ(winners({-kInfinity, -kInfinity, -kInfinity, -kInfinity}, dtype, op), (std::vector<double>{1, 0, 0, 0}));
      EXPECT_EQ(winners({0, kNaN, kNaN, kInfinity}, dtype, op), (std::vector<double>{0, 0, 1, 0}));
      EXPECT_TRUE(std::isnan(op(Tensor::from(std::vector{0.0, kNaN, 5.0, 0.0}, {1, 2, 2, 1}).to(dtype)).to_vector<double>()[0]));
    }
  }
}

TEST(AdaptivePool, OfItsOwnSizeIsThePictureItself) {
  const Tensor x = Tensor::zeros({2, 7, 6, 3}, DType::f32);
  EXPECT_TRUE(adaptive_avg_pool2d(x, 7, 6).same_elements(x));
  EXPECT_TRUE(adaptive_max_pool2d(x, 7, 6).same_elements(x));
}

TEST(Pool, TakesAnEmptyBatch) {
  const Tensor x = Tensor::zeros({0, 4, 4, 3}, DType::f32);
  EXPECT_EQ(max_pool2d(x, {}).shape(), (Shape{0, 2, 2, 3}));
  EXPECT_EQ(avg_pool2d(x, {}).shape(), (Shape{0, 2, 2, 3}));
  EXPECT_EQ(adaptive_avg_pool2d(x, 1, 1).shape(), (Shape{0, 1, 1, 3}));
  EXPECT_EQ(adaptive_max_pool2d(x, 1, 3).shape(), (Shape{0, 1, 3, 3}));
}

/// The message of the UsageError that f throws.
std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Pool, RefusesWhatPyTorchRefusesAndNamesTheRemedy) {
  const Tensor x = Tensor::zeros({1, 5, 5, 2}, DType::f32);
  EXPECT_EQ(message_of([&] { max_pool2d(x, {.kernel = 3, .stride = 1, .pad = 2}); }),
            "max_pool2d: pad 2 must lie between 0 and half the kernel (1); pad the picture itself if you need more");
  EXPECT_EQ(message_of([&] { avg_pool2d(x, {.kernel = 6}); }),
            "avg_pool2d: a side of 5 with pad 0 is shorter than the kernel 6; use a smaller kernel or larger pictures");
  EXPECT_EQ(message_of([&] { max_pool2d(x, {.kernel = 0}); }), "max_pool2d: kernel 0 and stride 0 must be between 1 and 32768");
  EXPECT_EQ(message_of([&] { adaptive_avg_pool2d(x, 1, 0); }),
            "adaptive_avg_pool2d: a side of 5 cannot become 0; choose a size between 1 and 32768");
  EXPECT_EQ(message_of([&] {
              adaptive_max_pool2d(Tensor::zeros({5, 5, 2}, DType::f32), 1, 1);
            }),
            "adaptive_max_pool2d: x must be pictures [N,H,W,C] but is [5,5,2]; reshape it first");
  EXPECT_EQ(message_of([&] {
              max_pool2d(Tensor::zeros({1, 0, 5, 2}, DType::f32), {});
            }),
            "max_pool2d: x [1,0,5,2] has empty pictures; only the batch may be empty");
  EXPECT_THROW(max_pool2d(Tensor::zeros({1, 4, 4, 2}, DType::i32), {}), UsageError);
}

}  // namespace
}  // namespace cudenza::testing
