/// What the cases of the reductions and of channel_scale cannot say of the kernels: unaligned pointers, ties and NaN, nothing to
/// sum, and that results repeat bit for bit whatever the order of threads.
#include "kernels/reduce/reduce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/channel_scale/channel_scale.h"
#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

constexpr simt::Order kOrders[] = {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom};

std::vector<float> waves(size_t count) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i) * 1.7f);
  return x;
}

template <class Where> std::vector<float> summed_rows(Where where, const float* x, const RowsShape& s) {
  std::vector<float> y(static_cast<size_t>(s.batch * s.channels), -1);
  std::vector<double> workspace(sum_rows_workspace_bytes(where, s) / sizeof(double) + 1);
  sum_rows(where, x, y.data(), s, 0.5, workspace.data());
  return y;
}

template <class Where> float summed(Where where, const float* x, int64_t count) {
  float y = -1;
  std::vector<double> workspace(sum_all_workspace_bytes(where, count) / sizeof(double) + 1);
  sum_all(where, x, &y, count, 2, workspace.data());
  return y;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-5) << i;
}

TEST(ReduceKernels, UnalignedPointersTakeTheScalarPath) {
  const auto x = waves(1 + 4200);
  expect_near(summed_rows(Gpu{}, x.data() + 1, {2, 50, 12}), summed_rows(Cpu{}, x.data() + 1, {2, 50, 12}));
  EXPECT_NEAR(summed(Gpu{}, x.data() + 1, 4200), summed(Cpu{}, x.data() + 1, 4200), 2e-4);
  std::vector<float> largest(50), expected(50);
  row_max(Gpu{}, x.data() + 1, largest.data(), 50, 12);
  row_max(Cpu{}, x.data() + 1, expected.data(), 50, 12);
  EXPECT_EQ(largest, expected);
}

TEST(ReduceKernels, SumsRepeatBitForBit) {
  const auto x = waves(9000);
  simt::set_order(simt::Order::kForward);
  const auto rows = summed_rows(Gpu{}, x.data(), {1, 750, 12});
  const float all = summed(Gpu{}, x.data(), 9000);
  for (const auto order : kOrders) {
    simt::set_order(order);
    EXPECT_EQ(summed_rows(Gpu{}, x.data(), {1, 750, 12}), rows);
    EXPECT_EQ(summed(Gpu{}, x.data(), 9000), all);
  }
}

TEST(ReduceKernels, NothingSumsToZero) {
  EXPECT_EQ(summed_rows(Gpu{}, nullptr, {2, 0, 4}), (std::vector<float>(8, 0)));
  EXPECT_EQ(summed(Gpu{}, nullptr, 0), 0);
  std::vector<float> sums(3, -1);
  row_sum<float>(Gpu{}, nullptr, sums.data(), 3, 0);
  EXPECT_EQ(sums, (std::vector<float>{0, 0, 0}));
}

TEST(ReduceKernels, RowSumEqualsCpu) {
  const auto x = waves(4 * 2304);
  for (const int64_t channels : {9, 36, 256, 2304}) {
    const int64_t rows = channels == 2304 ? 4 : 11;
    std::vector<float> y(static_cast<size_t>(rows)), expected(y.size());
    row_sum(Gpu{}, x.data(), y.data(), rows, channels);
    row_sum(Cpu{}, x.data(), expected.data(), rows, channels);
    expect_near(y, expected);
  }
}

TEST(ReduceKernels, TiesAndNanAsOnTheCpu) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<std::vector<float>> rows = {
      {1, 3, 2, 3},
      {-0.0f, 0.0f, -1, -0.0f},
      {-1, 0.0f, -0.0f, 0},
      {1, kNan, kInfinity, kNan},
      {1, -kNan, kNan, 0},
      {-3, -2, -1e-40f, -2},
      {-kInfinity, -kInfinity, -kInfinity, -kInfinity},
  };
  for (const auto order : kOrders) {
    simt::set_order(order);
    for (const auto& row : rows) {
      std::vector<float> wide(4096 + 4, row[0]);  // a block to a row, and its interesting part at the end
      std::copy(row.begin(), row.end(), wide.end() - 4);
      for (const auto* x : {&row, static_cast<const std::vector<float>*>(&wide)}) {
        const int64_t channels = static_cast<int64_t>(x->size());
        int64_t place = -1, expected_place = -2;
        float largest = -1, expected_largest = -2;
        row_argmax(Gpu{}, x->data(), &place, 1, channels);
        row_argmax(Cpu{}, x->data(), &expected_place, 1, channels);
        EXPECT_EQ(place, expected_place);
        row_max(Gpu{}, x->data(), &largest, 1, channels);
        row_max(Cpu{}, x->data(), &expected_largest, 1, channels);
        const bool both_nan = std::isnan(largest) && std::isnan(expected_largest);
        EXPECT_TRUE(largest == expected_largest || both_nan) << largest << ", expected " << expected_largest;
      }
    }
  }
}

// Packs need more rows for several slices than a gradient check can perturb.
template <class T> void expect_sliced_channel_scale_as_on_cpu(float tolerance) {
  const RowsShape shape{2, 300, 64};
  const auto values = waves(2 * 300 * 64 + 77);
  std::vector<T> dy(2 * 300 * 64), x(dy.size()), s(128), dx(dy.size()), ds(128), expected_dx(dy.size()), expected_ds(128);
  for (size_t i = 0; i < dy.size(); ++i) dy[i] = T(values[i]), x[i] = T(values[i + 77] + 1), s[i % 128] = T(values[i] + 2);
  std::vector<double> workspace(1 << 14);
  ASSERT_LE(channel_scale_workspace_bytes(Cpu{}, shape), workspace.size() * sizeof(double));
  ASSERT_GT(channel_scale_workspace_bytes(Gpu{}, shape), 0u) << "the shape is too small to be cut in slices";
  channel_scale_backward(Gpu{}, dy.data(), x.data(), s.data(), dx.data(), ds.data(), shape, workspace.data());
  channel_scale_backward(Cpu{}, dy.data(), x.data(), s.data(), expected_dx.data(), expected_ds.data(), shape, workspace.data());
  for (size_t i = 0; i < dx.size(); ++i) ASSERT_EQ(static_cast<float>(dx[i]), static_cast<float>(expected_dx[i])) << i;
  for (size_t i = 0; i < 128; ++i) EXPECT_NEAR(static_cast<float>(ds[i]), static_cast<float>(expected_ds[i]), tolerance) << i;
}

TEST(ReduceKernels, SlicedChannelScaleEqualsCpu) {
  for (const auto order : kOrders) {
    simt::set_order(order);
    expect_sliced_channel_scale_as_on_cpu<float>(1e-4f);
    expect_sliced_channel_scale_as_on_cpu<bf16>(1.0f);  // sums near 150, where bf16 has steps of 1
  }
}

TEST(ReduceKernels, ChannelScaleWorksInPlaceAndForOneGradientAlone) {
  const RowsShape shape{2, 40, 12};
  const auto dy = waves(960), x = waves(960);
  const std::vector<float> s = waves(24);
  std::vector<float> dx(960), ds(24), dx_alone = dy, ds_alone(24);
  std::vector<float> workspace(channel_scale_workspace_bytes(Gpu{}, shape) / sizeof(float) + 1);
  channel_scale_backward(Gpu{}, dy.data(), x.data(), s.data(), dx.data(), ds.data(), shape, workspace.data());
  channel_scale_backward<float, float>(Gpu{}, dx_alone.data(), nullptr, s.data(), dx_alone.data(), nullptr, shape,
                                       workspace.data());
  channel_scale_backward<float, float>(Gpu{}, dy.data(), x.data(), nullptr, nullptr, ds_alone.data(), shape, workspace.data());
  EXPECT_EQ(dx, dx_alone);
  EXPECT_EQ(ds, ds_alone);
}

}  // namespace
}  // namespace cudenza::kernels
