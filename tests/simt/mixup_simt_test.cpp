/// What an OpCase's shapes are too small for: blocks that take several tiles, as all do in a batch that fills a card.
#include <gtest/gtest.h>

#include <vector>

#include "kernels/mixup/mixup.h"
#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kSamples = 16, kSampleSize = 2 * 1024 * 128 - 3;  // single elements; the last tile is short

template <class Where> std::vector<float> mixed(Where where, const std::vector<float>& x) {
  std::vector<float> y(x.size()), lambda(kSamples);
  std::vector<int64_t> partner(kSamples);
  mixup(where, x.data(), y.data(), kSamples, kSampleSize, 0.4, {.seed = 5, .op = 1, .step = nullptr},
        {partner.data(), lambda.data()});
  return y;
}

TEST(MixupOnSimt, BlocksOfSeveralTilesAreTheReference) {
  simt::set_order(simt::Order::kRandom);
  std::vector<float> x(static_cast<size_t>(kSamples * kSampleSize));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 8191);
  EXPECT_TRUE(mixed(Gpu{}, x) == mixed(Reference{}, x));
}

TEST(MixupOnSimt, AlphaZeroMixesNothing) {
  simt::set_order(simt::Order::kForward);
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> y(9), lambda(3);
  std::vector<int64_t> partner(3);
  mixup(Gpu{}, x.data(), y.data(), 3, 3, 0.0, {.seed = 5, .op = 1, .step = nullptr}, {partner.data(), lambda.data()});
  EXPECT_EQ(y, x);
  EXPECT_EQ(lambda, std::vector<float>(3, 1));
}

}  // namespace
}  // namespace cudenza::kernels
