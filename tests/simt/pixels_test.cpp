/// The kernel's pictures are the plain loop's.
#include "kernels/pixels/pixels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/common/float16.h"
#include "kernels/pixels/pixels_math.h"
#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

template <class T>
void expect_the_reference(const PixelBatch& s, const std::vector<int64_t>& rows, std::optional<uint32_t> epoch) {
  const size_t lines = static_cast<size_t>(s.height) * s.channels;
  std::vector<uint8_t> x(static_cast<size_t>(s.resident) * lines * s.width);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(i * 37 + i / 251);
  std::vector<T> y(static_cast<size_t>(s.batch) * lines * columns_seen(s)), expected(y.size());
  const uint32_t* const at = epoch ? &*epoch : nullptr;
  pixels(Gpu{}, s, x.data(), rows.data(), at, y.data());
  pixels(Reference{}, s, x.data(), rows.data(), at, expected.data());
  for (size_t i = 0; i < y.size(); ++i) {
    const float a = static_cast<float>(y[i]), b = static_cast<float>(expected[i]);
    ASSERT_TRUE(std::abs(a - b) <= 1e-6f * std::abs(b) || (std::isnan(a) && std::isnan(b))) << i << ": " << a << ' ' << b;
  }
}

TEST(PixelsKernel, IsTheReference) {
  for (const auto order : {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom}) {
    simt::set_order(order);
    for (const int channels : {1, 3, 4}) {
      const PixelBatch s{.resident = 5,
                         .batch = 4,
                         .height = 9,
                         .width = 31,
                         .channels = channels,
                         .scale = {0.5f, 0.25f, 2, 1},
                         .shift = {-1, 2, 0, 3},
                         .chances = {.turn = 12, .columns = 7, .rows = 4},
                         .seed = 11};
      for (const uint32_t epoch : {0u, 3u}) {
        expect_the_reference<float>(s, {4, 0, 0, 2}, epoch);
        expect_the_reference<bf16>(s, {1, 3, 4, 2}, epoch);
        expect_the_reference<f16>(s, {-1, 3, 5, 2}, epoch);
      }
    }
  }
}

// The names end with the set: AddressSanitizer sees one that is read behind it.
TEST(PixelsKernel, NamesAreThoseOfTheRows) {
  simt::set_order(simt::Order::kForward);
  const std::vector<int64_t> names{70, 11, 12};
  PixelBatch s{.resident = 3,
               .batch = 4,
               .height = 4,
               .width = 31,
               .channels = 1,
               .scale = {1},
               .shift = {0},
               .chances = {.turn = 12, .columns = 7, .rows = 2},
               .seed = 11,
               .ids = names.data()};
  for (const std::optional<uint32_t> epoch : {std::optional<uint32_t>{}, {5}})
    expect_the_reference<float>(s, {3, 0, -1, 2}, epoch);
}

TEST(PixelsKernel, CropsAsTheReference) {
  for (const int views : {0, 1, 3}) {
    const std::vector<int64_t> rows = {4, 9, 0};
    const PixelBatch s{.resident = 5,
                       .batch = static_cast<int64_t>(rows.size()) * std::max(1, views),
                       .height = 9,
                       .width = 31,
                       .channels = 3,
                       .crop = {.columns = 12, .views = views},
                       .scale = {0.5f, 0.25f, 2},
                       .shift = {-1, 2, 0},
                       .chances = {.turn = 12, .columns = 7, .rows = 4},
                       .seed = 11};
    for (uint32_t epoch = 0; epoch < 20; ++epoch) expect_the_reference<float>(s, rows, epoch);
  }
}

}  // namespace
}  // namespace cudenza::kernels
