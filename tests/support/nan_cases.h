/// What ops make of NaN, as PyTorch's do: it stays, and shows in all that it enters. For the CPU (tests/ops/nan_test.cpp) and for
/// the kernels' own source (tests/simt/nan_simt_test.cpp).
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "engine/ops/batch_norm.h"
#include "engine/ops/conv.h"
#include "engine/ops/conv_bn_act.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/pool.h"
#include "engine/ops/softmax_xent.h"
#include "engine/ops/tta.h"

namespace cudenza::testing {

/// One value for every channel of a picture, or NaN: op(x) for x [1,6,6,C] is NaN where is_nan says so.
struct NanCase {
  std::string name;
  std::function<Tensor(const Tensor& x)> op;
  /// Of element (i, j, c) of y, by where the picture has NaN.
  std::function<bool(const std::function<bool(int i, int j, int c)>& x, int i, int j, int c)> is_nan;
};

constexpr int kNanSide = 6;

/// Here and there, in every row of pixels and in some pixels' last channel.
inline bool has_nan_at(int i, int j, int c) { return (7 * i + 3 * j + 5 * c) % 11 == 0 && (i + j) % 3 != 1; }

inline Tensor picture_with_nans(int channels, DType dtype, Device device) {
  std::vector<float> x;
  for (int k = 0; k < kNanSide * kNanSide * channels; ++k) {
    const int pixel = k / channels, i = pixel / kNanSide, j = pixel % kNanSide;
    x.push_back(has_nan_at(i, j, k % channels) ? NAN : static_cast<float>(k * 5 % 17 - 8) / 4);
  }
  return Tensor::from(x, {1, kNanSide, kNanSide, channels}).to(dtype).to(device);
}

inline BatchNormState unit_state(const Tensor& x) {
  const auto all = [&](double value) {
    return Tensor::full({x.shape().channels()}, value, accumulator_of(x.dtype()), x.device());
  };
  return {.gamma = all(2), .beta = all(0.5), .running_mean = all(0.25), .running_var = all(1)};
}

inline std::vector<NanCase> nan_cases() {
  const auto same = [](const auto& x, int i, int j, int c) { return x(i, j, c); };
  const auto in_window = [](int stride, int kernel) {
    return [=](const auto& x, int i, int j, int c) {
      bool found = false;
      for (int p = i * stride; p < i * stride + kernel; ++p)
        for (int q = j * stride; q < j * stride + kernel; ++q) found = found || x(p, q, c);
      return found;
    };
  };
  return {
      {"relu", [](const Tensor& x) { return relu(x); }, same},
      {"hard_swish", [](const Tensor& x) { return hard_swish(x); }, same},
      {"log1p", [](const Tensor& x) { return log1p(mul(x, x)); }, same},
      {"signed_sqrt", [](const Tensor& x) { return signed_sqrt(x); }, same},
      {"sigmoid", [](const Tensor& x) { return sigmoid(x); }, same},
      {"batch_norm_act", [](const Tensor& x) { return batch_norm_act(x, unit_state(x), false, true, x); }, same},
      {"max_pool2d", [](const Tensor& x) { return max_pool2d(x, {}); }, in_window(2, 2)},
      {"overlapping max_pool2d", [](const Tensor& x) { return max_pool2d(x, {.kernel = 3, .stride = 1}); }, in_window(1, 3)},
      {"adaptive_max_pool2d", [](const Tensor& x) { return adaptive_max_pool2d(x, 2, 2); }, in_window(3, 3)},
      {"adaptive_max_pool2d to one", [](const Tensor& x) { return adaptive_max_pool2d(x, 1, 1); }, in_window(6, 6)},
      {"avg_pool2d", [](const Tensor& x) { return avg_pool2d(x, {}); }, in_window(2, 2)},
  };
}

/// Whether every element of op(x), which is [1,rows,columns,C], is NaN where it must be and nowhere else.
inline void check_nan_case(const NanCase& one, int channels, DType dtype, Device device) {
  SCOPED_TRACE(fmt::format("{} of {} channels in {}", one.name, channels, dtype));
  const Tensor y = one.op(picture_with_nans(channels, dtype, device));
  const std::vector<double> values = y.to_vector<double>();
  const auto columns = static_cast<int>(y.size(2));
  for (int k = 0; k < static_cast<int>(values.size()); ++k) {
    const int pixel = k / channels, c = k % channels;
    ASSERT_EQ(std::isnan(values[static_cast<size_t>(k)]), one.is_nan(has_nan_at, pixel / columns, pixel % columns, c))
        << "pixel " << pixel << " channel " << c;
  }
}

/// PyTorch's ReLU passes the gradient where its output is NaN, as it stands or after batch norm.
inline void check_nan_gradients(int channels, DType dtype, Device device) {
  const auto gradient = [&](const std::function<Tensor(const Tensor&)>& op) {
    const Tensor x = picture_with_nans(channels, dtype, device);
    x.set_requires_grad(true);
    const Tensor y = op(x);
    y.backward(Tensor::full(y.shape(), 1, dtype, device));
    return x.grad().to_vector<double>();
  };
  const std::vector<double> x = picture_with_nans(channels, dtype, device).to_vector<double>(),
                            plain = gradient([](const Tensor&t) { return relu(t); }),
                            normed = gradient([](const Tensor&t) { return batch_norm_act(t, unit_state(t), false, true); });
  for (size_t k = 0; k < x.size(); ++k) {
    ASSERT_EQ(plain[k], x[k] <= 0 ? 0 : 1) << k << ": " << x[k];
    const double before = 2 * (x[k] - 0.25) + 0.5;  // at 0 rounding decides
    if (before != 0) {
      ASSERT_NEAR(normed[k], before < 0 ? 0 : 2, 0.01) << k << ": " << x[k];
    }
  }
}

/// A convolution whose filter k has a NaN gives NaN in channel k, and a picture with one in its windows; the ReLU keeps them.
inline void check_nan_convolutions(DType dtype, Device device) {
  constexpr int kChannels = 16, kFilters = 32;
  std::vector<float> filters(kFilters * 9 * kChannels, 0.125f);
  for (size_t k = 0; k < kFilters; k += 5) filters[k * 9 * kChannels + k] = NAN;
  const Tensor w = Tensor::from(filters, {kFilters, 3, 3, kChannels}).to(dtype).to(device);
  const Tensor x = Tensor::full({1, kNanSide, kNanSide, kChannels}, -1, dtype, device),
               some = picture_with_nans(kChannels, dtype, device);
  const Tensor finite = Tensor::full(w.shape(), 0.125, dtype, device);
  const BatchNormState state = unit_state(Tensor::empty({1, kFilters}, dtype, device));
  const std::function<Tensor(const Tensor&, const Tensor&)> ops[] = {
      [](const Tensor& in, const Tensor& by) { return conv2d_act(in, by, {}, {}, true); },
      [&](const Tensor& in, const Tensor& by) { return conv_bn_act(in, by, {}, state, false, true); },
  };
  for (const auto& op : ops) {
    const std::vector<double> by_filter = op(x, w).to_vector<double>(), by_picture = op(some, finite).to_vector<double>();
    for (size_t i = 0; i < by_filter.size(); ++i) ASSERT_EQ(std::isnan(by_filter[i]), i % kFilters % 5 == 0) << i;
    for (const double value : by_picture) ASSERT_TRUE(std::isnan(value));  // every window of 3x3 has one
  }
}

/// Probabilities of a row with a NaN are NaN, however passes are joined.
inline void check_nan_probabilities(int64_t classes, DType dtype, Device device) {
  constexpr int64_t kRows = 5;
  std::vector<float> logits(kRows * classes, 0.5f);
  logits[1 * classes] = logits[3 * classes + classes - 1] = logits[4 * classes + classes / 2] = NAN;
  const Tensor x = Tensor::from(logits, {kRows, classes}).to(dtype).to(device),
               numbers = Tensor::full({kRows, classes}, 0.25, dtype, device);
  std::vector<std::pair<std::string, Tensor>> results{{"softmax", softmax(x)}, {"log_softmax", log_softmax(x)}};
  for (const TtaMode mode : {TtaMode::blend, TtaMode::mean, TtaMode::max}) {
    results.emplace_back("joined with the plain pass", tta_probabilities(x, numbers, {.mode = mode}));
    results.emplace_back("joined with a variant", tta_probabilities(numbers, x, {.mode = mode}));
  }
  for (const auto& [name, y] : results) {
    const std::vector<double> values = y.to_vector<double>();
    for (int64_t i = 0; i < kRows * classes; ++i) {
      const int64_t row = i / classes;
      ASSERT_EQ(std::isnan(values[static_cast<size_t>(i)]), row == 1 || row > 2) << name << ", row " << row;
    }
  }
}

}  // namespace cudenza::testing
